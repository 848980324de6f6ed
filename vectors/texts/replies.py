"""Generates the model's own replies, to read the mean over their tokens (≤ 50 greedy tokens by default)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from core import stream
from core.jobs.job import Progress, Steps, gpu_task
from vectors.texts.position_spec import LONGEST
from vectors.texts.tokenized import TokenizedText

if TYPE_CHECKING:
    from core.activations.positions import Choice
    from core.model.model import Model


def generate_replies(
    model: Model, sides: Sequence[TokenizedText], longest: int = LONGEST
) -> Steps[tuple[list[TokenizedText], list[Choice]]]:
    """(sides with the reply appended, the reply's positions); an empty reply is read at the last token.

    Each reply is a job step of its own, so that a repeated job finds it.
    """
    longer, choices = [], []
    for number, side in enumerate(sides):
        reply: list[int] = yield gpu_task(
            partial(reply_ids, model, side.ids, longest), key=f"reply {number} {model.fingerprint[:16]}"
        )
        yield Progress(number + 1, len(sides), "replies")
        longer.append(TokenizedText((*side.ids, *reply)))
        choice: Choice = (len(side.ids), len(side.ids) + len(reply)) if reply else -1
        choices.append(choice)
    return longer, choices


def reply_ids(model: Model, ids: Sequence[int], longest: int) -> list[int]:
    """Greedily generated token ids without the end-of-turn token."""
    live = stream(model, list(ids), max_new_tokens=longest)
    said = [step.token_id for step in live]
    return said[:-1] if live.stop_reason == "eos" else said
