"""The positive pole as a system prompt, beside the vector: its effect on the same pairs, and its KL.

A sentence and a vector change the model by different amounts, so both are compared by effect / √(2 KL).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import UsageError
from core.generation.chat import as_messages
from core.generation.token_ids import answer_context, prompt_ids
from core.jobs.job import Steps, gpu_task
from core.json_values import JsonValue
from vectors.checks.answers.dose_search import KlTexts
from vectors.checks.answers.judged_pairs import JudgedPair
from vectors.checks.answers.margins import pair_margins
from vectors.checks.gradients.scored_rows import ScoredRow, reply_logprobs

if TYPE_CHECKING:
    from core.model.model import Model

Ids = tuple[int, ...]


def pole_sentence(towards: str, given: str = "") -> str:
    """The system prompt of the set's positive side, else one made of the pole's name; empty where neither is there."""
    return given or ("" if towards == "positive" else f"Answer every message in this way: {towards}.")


def prompt_baseline(
    model: Model,
    pairs: Sequence[JudgedPair],
    rows: Sequence[ScoredRow],
    system: str,
    vector: tuple[float, float],
    template_args: Mapping[str, JsonValue] | None = None,
) -> Steps[dict[str, Any] | None]:
    """`vector` is its (effect, KL); None where the pairs have no user's message to put a system prompt before."""
    asked = [pair for pair in pairs if pair.messages]
    try:
        prompts = {
            (pair.prompts or pair.contexts)[0]: tuple(
                prompt_ids(model, pair.messages, system=system, template_args=template_args)
            )
            for pair in asked
        }
        contexts = [
            tuple(answer_context(model, as_messages(pair.messages, system), template_args)) for pair in asked
        ]
    except UsageError:
        # The chat template knows no system prompt.
        return None
    # A text may have a thought between its prompt and its answer, which stays.
    under = {row: with_prompt for row in rows if (with_prompt := _under(row, prompts)) is not None}
    texts = list(under)
    if not asked or not texts:
        return None
    plain = yield from pair_margins(model, asked, None)
    with_system = [replace(pair, contexts=(each,)) for pair, each in zip(asked, contexts, strict=True)]
    prompted = yield from pair_margins(model, with_system, None)
    effect = float(np.mean(np.asarray(prompted) - np.asarray(plain)))
    before = yield gpu_task(partial(reply_logprobs, model, texts))
    after = yield gpu_task(partial(reply_logprobs, model, [under[row] for row in texts]))
    kl = KlTexts(tuple(texts), before).divergence(after)
    return {
        "prompt": system,
        "effect": effect,
        "kl": kl,
        "efficiency": _efficiency(effect, kl),
        "vector": _efficiency(*vector),
    }


def _under(row: ScoredRow, prompts: Mapping[Ids, Ids]) -> ScoredRow | None:
    """The text behind the prompt with the system prompt; None where it answers another prompt."""
    own = next((prompt for prompt in prompts if row.context[: len(prompt)] == prompt), None)
    return None if own is None else ScoredRow((*prompts[own], *row.context[len(own) :]), row.reply)


def _efficiency(effect: float, kl: float) -> float:
    return effect / math.sqrt(2 * kl) if kl > 0 else 0.0
