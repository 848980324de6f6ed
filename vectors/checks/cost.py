"""What a check will take, from the lengths of its texts and one timed pass of the model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from core.generation.token_ids import prompt_ids
from core.jobs.job import Job, Row, gpu_task
from vectors.checks.answers.judged_pairs import CONTINUED
from vectors.checks.answers.trial import CONTROL_PAIRS, KL_TEXTS
from vectors.checks.dose_stage import MESSAGES
from vectors.checks.halves import Halves, fit_halves
from vectors.checks.prompts import default_prompts
from vectors.checks.propensity import TEXT_TOKENS
from vectors.checks.rank_stage import CheckSettings
from vectors.texts.pair import ContrastPair
from vectors.texts.tokenized import tokenize_text

if TYPE_CHECKING:
    from core.model.model import Model

BACKWARD, DECODED = 1.9, 2.4
"""Cost of a token in a forward and backward pass, and of a token sampled in a batch, in forward passes of one."""
KL_PASSES = 7
CONDITIONS = 9
TIMED_ROWS, TIMED_TOKENS = 4, 48


@dataclass(frozen=True)
class CheckCost:
    """Tokens by what is done with them, and how many of them come before the ranks are known."""

    forward: float
    backward: float
    decoded: float
    ranked: float

    def seconds(self, per_token: float) -> dict[str, float]:
        whole = self.forward + BACKWARD * self.backward + DECODED * self.decoded
        return {"seconds": round(whole * per_token, 1), "seconds_to_ranks": round(self.ranked * per_token, 1)}


def estimate_job(model: Model, halves: Halves | None, settings: CheckSettings) -> Job:
    """Report the cost and stop: upper bounds, since a check that is red by its ranks stops there."""
    cost = check_cost(model, halves, settings)
    # Twice, because the first pass of a process also loads kernels.
    yield gpu_task(partial(seconds_per_token, model))
    per_token = yield gpu_task(partial(seconds_per_token, model))
    found = cost.seconds(per_token)
    yield Row("cost", "about", found)
    return {"estimate": found, "model": model.name}


def check_cost(model: Model, halves: Halves | None, settings: CheckSettings) -> CheckCost:
    if halves is None:
        prompt = sum(len(prompt_ids(model, text)) for text in default_prompts(model, MESSAGES)) / MESSAGES
        return _trial_cost(prompt, 0.0, 0.0, settings, conditions=5)
    halves = fit_halves(model, halves)
    judging = halves.held
    read = _length(model, halves.made) + _length(model, halves.held)
    silent = sum(tokenize_text(model, pair.positive).reply is None for pair in judging) * 2
    pairs = _length(model, judging) + CONTINUED * silent
    # A message is what is left of a side without its reply, about half of it.
    prompt = _length(model, judging) / max(1, 2 * len(judging)) * (1.0 if silent else 0.6)
    ranked = read + BACKWARD * pairs + DECODED * CONTINUED * silent
    trial = _trial_cost(prompt, pairs, CONTROL_PAIRS / max(1, len(judging)), settings)
    return CheckCost(trial.forward + read, trial.backward + pairs, trial.decoded + CONTINUED * silent, ranked)


def _trial_cost(
    prompt: float, pairs: float, control_share: float, settings: CheckSettings, conditions: int = CONDITIONS
) -> CheckCost:
    answers = conditions * MESSAGES
    text = prompt + TEXT_TOKENS
    kl = KL_PASSES * KL_TEXTS * (TEXT_TOKENS + 0.3 * prompt)
    margins = 0.7 * pairs * (2 + 6 * control_share)
    prefilled = 0.5 * prompt * (answers + 2 * MESSAGES)
    read = answers * settings.max_new + 2 * MESSAGES * text
    return CheckCost(
        forward=kl + margins + prefilled + read,
        backward=2 * MESSAGES * text,
        decoded=answers * settings.max_new + 2 * MESSAGES * TEXT_TOKENS,
        ranked=0.0,
    )


def _length(model: Model, pairs: Sequence[ContrastPair]) -> int:
    return sum(
        len(tokenize_text(model, side).ids) for pair in pairs for side in (pair.positive, pair.negative)
    )


def seconds_per_token(model: Model) -> float:
    """Of a forward pass over a few rows, logits left out."""
    ids = torch.arange(TIMED_ROWS * TIMED_TOKENS, device=model.device).reshape(TIMED_ROWS, TIMED_TOKENS)
    ids = ids % model.vocab_size
    began = time.perf_counter()
    with torch.no_grad(), model.steering.steering_with(None):
        states: Any = model.anatomy.trunk(input_ids=ids, use_cache=False)[0]
        # Reading a number waits for the device.
        float(states[0, 0, 0])
    return (time.perf_counter() - began) / ids.numel()
