"""What a check will take, from the lengths of its texts and the timed pace of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.generation.token_ids import prompt_ids
from core.jobs.job import Job, Row
from core.json_values import JsonValue
from vectors.checks.answers.judged_pairs import CONTINUED
from vectors.checks.answers.trial import CONTROL_PAIRS, KL_TEXTS
from vectors.checks.dose_stage import MESSAGES
from vectors.checks.halves import Halves, fit_halves
from vectors.checks.prompts import default_prompts
from vectors.checks.propensity import TEXT_TOKENS
from vectors.checks.rank_stage import CheckSettings
from vectors.checks.token_work import TokenWork, measure_pace
from vectors.texts.pair import ContrastPair
from vectors.texts.tokenized import tokenize_text

if TYPE_CHECKING:
    from core.model.model import Model

KL_PASSES = 7
CONDITIONS, WITHOUT_SET = 9, 5
"""The undosed answer, and both signs of the vector and of a control of each class."""


def estimate_job(model: Model, halves: Halves | None, settings: CheckSettings) -> Job:
    """Report the cost and stop: upper bounds, since a check that is red by its ranks stops there."""
    ranks, trial = check_work(model, halves, settings)
    pace = yield from measure_pace(model)
    found = {
        "seconds": round((ranks + trial).seconds(pace), 1),
        "seconds_to_ranks": round(ranks.seconds(pace), 1),
    }
    yield Row("cost", "about", found)
    return {"estimate": found, "model": model.name}


def check_work(model: Model, halves: Halves | None, settings: CheckSettings) -> tuple[TokenWork, TokenWork]:
    """(until the ranks are known, the trial behind them)."""
    args = settings.template_args
    if halves is None:
        texts = default_prompts(model, MESSAGES)
        prompt = sum(len(prompt_ids(model, text, template_args=args)) for text in texts) / MESSAGES
        return TokenWork(), _trial_work(prompt, 0.0, 0.0, settings, WITHOUT_SET)
    halves = fit_halves(model, halves, args)
    judging = halves.held
    read = _length(model, halves.made, args) + _length(model, halves.held, args)
    silent = sum(tokenize_text(model, pair.positive).reply is None for pair in judging) * 2
    pairs = _length(model, judging, args) + CONTINUED * silent
    # A message is what is left of a side without its reply, about half of it.
    prompt = _length(model, judging, args) / max(1, 2 * len(judging)) * (1.0 if silent else 0.6)
    ranks = TokenWork(
        read, pairs, CONTINUED * silent, steps=CONTINUED if silent else 0, layers=model.n_layers
    )
    return ranks, _trial_work(prompt, pairs, CONTROL_PAIRS / max(1, len(judging)), settings, CONDITIONS)


def _trial_work(
    prompt: float, pairs: float, control_share: float, settings: CheckSettings, conditions: int
) -> TokenWork:
    answers = conditions * MESSAGES
    text = prompt + TEXT_TOKENS
    kl = KL_PASSES * KL_TEXTS * (TEXT_TOKENS + 0.3 * prompt)
    margins = 0.7 * pairs * (2 + 6 * control_share)
    prefilled = 0.5 * prompt * (answers + 2 * MESSAGES)
    read = answers * settings.max_new + 2 * MESSAGES * text
    return TokenWork(
        forward=kl + margins + prefilled + read,
        backward=2 * MESSAGES * text,
        decoded=answers * settings.max_new + 2 * MESSAGES * TEXT_TOKENS,
        steps=settings.max_new + TEXT_TOKENS,
    )


def _length(model: Model, pairs: Sequence[ContrastPair], args: Mapping[str, JsonValue]) -> int:
    sides = (side for pair in pairs for side in (pair.positive, pair.negative))
    return sum(len(tokenize_text(model, side, template_args=args).ids) for side in sides)
