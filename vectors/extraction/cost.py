"""What an extraction will take, from the lengths of its texts and two timed passes of the model."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from core.jobs.job import Job, Row, Steps, gpu_task
from vectors.checks.answers.judged_pairs import CONTINUED
from vectors.checks.answers.trial import KL_TEXTS
from vectors.checks.cost import BACKWARD, seconds_per_token
from vectors.checks.dose_stage import MESSAGES
from vectors.checks.halves import FEWEST, MOST, PAIR_TOKENS
from vectors.checks.propensity import TEXT_TOKENS
from vectors.checks.rank_stage import MAX_NEW
from vectors.extraction.material import PROMPTS, tokenize_pairs
from vectors.extraction.request import Recipe
from vectors.texts.pair import ContrastSet
from vectors.texts.position_spec import RESPONSE
from vectors.texts.tokenized import TokenizedText, tokenize_text

if TYPE_CHECKING:
    from core.model.model import Model

DECODED = 2.4
"""Cost of a token sampled in a batch, in tokens of one pass; beside it every step costs a pass of one token."""
LANES = 32
KL_PASSES = 5
CONDITIONS = 3
PASSES = 5
LAYER_SECONDS = 0.05
"""To fit and measure one layer, on the CPU."""


@dataclass(frozen=True)
class TokenWork:
    """Tokens by what is done with them, and the steps of all batches that sample."""

    forward: float = 0.0
    backward: float = 0.0
    decoded: float = 0.0
    steps: float = 0.0

    def seconds(self, pace: ModelPace) -> float:
        tokens = self.forward + BACKWARD * self.backward + DECODED * self.decoded
        return tokens * pace.token + self.steps * pace.step


@dataclass(frozen=True)
class ModelPace:
    """Seconds for a token in a pass over many, and for a pass over one."""

    token: float
    step: float


def estimate_job(model: Model, contrast: ContrastSet, recipe: Recipe, *, compares_models: bool) -> Job:
    """Report the cost and stop; the time to load the model is not in it."""
    sides = (
        [tokenize_text(model, text) for text in contrast.texts]
        if compares_models
        else tokenize_pairs(model, contrast.validated(), recipe.read)
    )
    pace = yield from _measure_pace(model)
    layers = model.n_layers if recipe.layers is None else len(recipe.layers)
    # A pass stops after the last layer that is wanted.
    depth = model.n_layers if recipe.layers is None else max(recipe.layers) + 1
    reading = _reading_work(sides, recipe, (2 if compares_models else 1) * depth / model.n_layers)
    vector = reading.seconds(pace) + LAYER_SECONDS * layers
    dose = _dose_work(sides, judges=not compares_models).seconds(pace) if recipe.suggest else 0.0
    found = {
        "seconds_to_vector": round(vector, 1),
        "seconds": round(vector + dose, 1),
        "texts": len(sides),
        "tokens": sum(len(side.ids) for side in sides),
    }
    yield Row("cost", "about", found)
    return {"estimate": found, "model": model.name}


def _reading_work(sides: list[TokenizedText], recipe: Recipe, passes: float) -> TokenWork:
    tokens = sum(len(side.ids) for side in sides)
    silent = [side for side in sides if side.reply is None] if recipe.read == RESPONSE else []
    replies = recipe.reply_tokens * len(silent)
    prompts = sum(len(side.ids) for side in silent)
    steps = recipe.reply_tokens * max(1, len(silent) // LANES) if silent else 0
    return TokenWork(passes * (tokens + replies) + prompts, 0.0, replies, steps)


def _dose_work(sides: list[TokenizedText], *, judges: bool) -> TokenWork:
    """The steps of `suggest`: continued contexts and the gradient of pairs, sampled texts, doses, answers."""
    length = sum(len(side.ids) for side in sides) / len(sides)
    silent = all(side.reply is None for side in sides)
    # A message is what is left of a side without its reply, about half of it.
    prompt = length * (1.0 if silent else 0.6)
    count = (
        max(FEWEST, min(MOST, PAIR_TOKENS / (2 * length + (2 * CONTINUED if silent else 0)))) if judges else 0
    )
    pairs = 2 * count * (length + (CONTINUED if silent else 0))
    continued = 2 * count * CONTINUED if silent else 0.0
    texts, answers = 2 * MESSAGES, CONDITIONS * PROMPTS
    sampled, answered = texts * TEXT_TOKENS, answers * MAX_NEW
    return TokenWork(
        forward=KL_PASSES * KL_TEXTS * (TEXT_TOKENS + prompt) + (texts + answers) * prompt + answered,
        backward=pairs + texts * (prompt + TEXT_TOKENS),
        decoded=continued + sampled + answered,
        steps=(CONTINUED if continued else 0) + TEXT_TOKENS + MAX_NEW,
    )


def _measure_pace(model: Model) -> Steps[ModelPace]:
    """The quickest of a few passes: the first one loads kernels, and others may share the core."""
    token, step = math.inf, math.inf
    for _ in range(PASSES):
        token = min(token, (yield gpu_task(partial(seconds_per_token, model))))
        step = min(step, (yield gpu_task(partial(_seconds_of_one, model))))
    return ModelPace(token, step)


def _seconds_of_one(model: Model) -> float:
    """A pass over one token."""
    ids = torch.zeros(1, 1, dtype=torch.long, device=model.device)
    began = time.perf_counter()
    with torch.no_grad(), model.steering.steering_with(None):
        states: Any = model.anatomy.trunk(input_ids=ids, use_cache=False)[0]
        # Reading a number waits for the device.
        float(states[0, 0, 0])
    return time.perf_counter() - began
