"""What an extraction will take, from the lengths of its texts and the timed pace of the model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.jobs.job import Job, Row
from vectors.checks.answers.judged_pairs import CONTINUED
from vectors.checks.answers.trial import KL_TEXTS
from vectors.checks.dose_stage import MESSAGES
from vectors.checks.halves import FEWEST, MOST, PAIR_TOKENS
from vectors.checks.propensity import TEXT_TOKENS
from vectors.checks.rank_stage import MAX_NEW
from vectors.checks.token_work import TokenWork, measure_pace
from vectors.extraction.material import PROMPTS, tokenize_pairs
from vectors.extraction.request import Recipe
from vectors.texts.pair import ContrastSet
from vectors.texts.position_spec import RESPONSE
from vectors.texts.tokenized import TokenizedText, tokenize_text

if TYPE_CHECKING:
    from core.model.model import Model

KL_PASSES = 5
CONDITIONS = 3


def estimate_job(model: Model, contrast: ContrastSet, recipe: Recipe, *, compares_models: bool) -> Job:
    """Report the cost and stop; the time to load the model is not in it."""
    sides = (
        [tokenize_text(model, text, template_args=recipe.template_args) for text in contrast.texts]
        if compares_models
        else tokenize_pairs(model, contrast.validated(), recipe.read, recipe.template_args)
    )
    pace = yield from measure_pace(model)
    layers = range(model.n_layers) if recipe.layers is None else recipe.layers
    # A pass stops after the last layer that is wanted.
    depth = (max(layers) + 1) / model.n_layers
    reading = _reading_work(sides, recipe, (2 if compares_models else 1) * depth)
    vector = (reading + TokenWork(layers=len(layers))).seconds(pace)
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
    # The token loop is imported only where the cost of replies is asked for.
    from core.generation.batch.answer_runner import LANES

    tokens = sum(len(side.ids) for side in sides)
    silent = [side for side in sides if side.reply is None] if recipe.read == RESPONSE else []
    replies = recipe.reply_tokens * len(silent)
    prompts = sum(len(side.ids) for side in silent)
    steps = recipe.reply_tokens * math.ceil(len(silent) / LANES)
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
