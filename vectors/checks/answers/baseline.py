"""The positive pole as a system prompt, beside the vector: its effect on the same pairs, and its KL.

A sentence and a vector change the model by different amounts, so both are compared by effect / √(2 KL).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import UsageError
from core.generation.token_ids import prompt_ids
from core.jobs.job import Steps, gpu_task
from vectors.checks.answers.dose_search import KlTexts
from vectors.checks.answers.judged_pairs import JudgedPair
from vectors.checks.answers.margins import pair_margins
from vectors.checks.gradients.scored_rows import ScoredRow, reply_logprobs

if TYPE_CHECKING:
    from core.model.model import Model


def pole_sentence(towards: str, given: str = "") -> str:
    """The system prompt of the set's positive side, else one made of the pole's name; empty where neither is there."""
    return given or ("" if towards == "positive" else f"Answer every message in this way: {towards}.")


def prompt_baseline(
    model: Model,
    pairs: Sequence[JudgedPair],
    rows: Sequence[ScoredRow],
    system: str,
    vector: tuple[float, float],
) -> Steps[dict[str, Any] | None]:
    """`vector` is its (effect, KL); None where the pairs have no user's message to put a system prompt before."""
    asked = [pair for pair in pairs if pair.messages]
    try:
        contexts = {
            pair.contexts[0]: tuple(prompt_ids(model, pair.messages, system=system)) for pair in asked
        }
    except UsageError:
        # The chat template knows no system prompt.
        return None
    texts = [row for row in rows if row.context in contexts]
    if not asked or not texts:
        return None
    plain = yield from pair_margins(model, asked, None)
    with_system = [replace(pair, contexts=(contexts[pair.contexts[0]],)) for pair in asked]
    prompted = yield from pair_margins(model, with_system, None)
    effect = float(np.mean(np.asarray(prompted) - np.asarray(plain)))
    before = yield gpu_task(partial(reply_logprobs, model, texts))
    under = [ScoredRow(contexts[row.context], row.reply) for row in texts]
    after = yield gpu_task(partial(reply_logprobs, model, under))
    kl = KlTexts(tuple(texts), before).divergence(after)
    return {
        "prompt": system,
        "effect": effect,
        "kl": kl,
        "efficiency": _efficiency(effect, kl),
        "vector": _efficiency(*vector),
    }


def _efficiency(effect: float, kl: float) -> float:
    return effect / math.sqrt(2 * kl) if kl > 0 else 0.0
