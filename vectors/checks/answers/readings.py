"""Answers as the unsteered model reads them: surprise per token and mean states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.collapse.collapse import AnswerEvidence, find_collapse
from core.jobs.job import Progress, Steps, gpu_task
from vectors.checks.gradients.scored_rows import RowBatch, ScoredRow, reply_logprobs, skipped_length
from vectors.statistics.metrics import repeated_ngram_share

if TYPE_CHECKING:
    from core.model.model import Model

Floats = NDArray[np.float32]
BROKEN_NATS = 1.5
"""Nats per token above the undosed answer to the same prompt; one nat would call sound answers broken."""


@dataclass(frozen=True)
class UnsteeredReading:
    """One answer read unsteered; `states[layer]` is the mean over its tokens, `projections[layer]` of each of them."""

    tokens: tuple[int, ...]
    nll: float
    states: Mapping[int, Floats]
    ended: bool = True
    projections: Mapping[int, Floats] = field(default_factory=dict)

    @property
    def repetition(self) -> float:
        return repeated_ngram_share(self.tokens)

    @property
    def distinct_pairs(self) -> float:
        """Distinct-2 (Li et al. 2016): different pairs of neighbouring tokens as a share of all."""
        return 1 - repeated_ngram_share(self.tokens, 2) if len(self.tokens) > 1 else float("nan")

    @property
    def loops(self) -> bool:
        return find_collapse(AnswerEvidence(self.tokens)) is not None

    def is_broken(self, undosed: UnsteeredReading) -> bool:
        """Whether the answer fell apart, against the answer to the same prompt without a dose."""
        if not self.tokens:
            return bool(undosed.tokens)
        worse = not self.nll <= undosed.nll + BROKEN_NATS
        # What the model says without a dose is not the dose's doing.
        return worse or (self.loops and not undosed.loops)


def read_rows(
    model: Model,
    groups: Sequence[Sequence[ScoredRow]],
    layers: Sequence[int],
    scored: int | None = None,
    directions: Mapping[int, Tensor] | None = None,
    label: str = "answers read",
) -> Steps[list[list[UnsteeredReading]]]:
    """Read rows group by group; those of a group should share their context, which is then run once.

    Of each group only the first `scored` rows get their nll; the others are read for their states alone. The
    tokens of the first row are projected on `directions`.
    """
    found = []
    for number, rows in enumerate(groups, start=1):
        found.append((yield gpu_task(partial(_read_group, model, rows, layers, scored, directions or {}))))
        yield Progress(number, len(groups), label)
    return found


def _read_group(
    model: Model,
    rows: Sequence[ScoredRow],
    layers: Sequence[int],
    scored: int | None,
    directions: Mapping[int, Tensor],
) -> list[UnsteeredReading]:
    with_reply = [row for row in rows if row.reply]
    few = len(with_reply) if scored is None else sum(bool(row.reply) for row in rows[:scored])
    # Of the first row of the group, which may have no reply.
    projected = directions if rows and rows[0].reply else {}
    found = iter(_read_replies(model, with_reply, layers, few, projected) if with_reply else ())
    empty = UnsteeredReading((), float("nan"), {})
    return [next(found) if row.reply else empty for row in rows]


def _read_replies(
    model: Model,
    rows: Sequence[ScoredRow],
    layers: Sequence[int],
    scored: int,
    directions: Mapping[int, Tensor],
) -> list[UnsteeredReading]:
    states: dict[int, Tensor] = {}
    projections: dict[int, Floats] = {}
    count = skipped_length(model, rows)
    first = slice(len(rows[0].context) - count, len(rows[0].ids) - count)

    def keep(layer: int, hidden: Tensor) -> None:
        # The pass over the common beginning comes first and is overwritten.
        if layer in layers:
            states[layer] = hidden.detach()
        if layer in directions:
            projections[layer] = (hidden[0, first].float().cpu() @ directions[layer]).numpy()

    with model.steering.hooking_outputs(sorted({*layers, *directions}), keep):
        logprobs = reply_logprobs(model, rows, scored=scored)
    batch = RowBatch.of(rows, model.device, count, scored)
    chosen = logprobs.gather(1, batch.targets[:, None])[:, 0]
    nll = [-float(part.mean()) for part in chosen.split([len(row.reply) for row in rows[:scored]])]
    nll += [float("nan")] * (len(rows) - scored)
    return [
        UnsteeredReading(
            row.reply,
            nll[number],
            _mean_states(states, number, row, count),
            projections={} if number else projections,
        )
        for number, row in enumerate(rows)
    ]


def _mean_states(states: Mapping[int, Tensor], number: int, row: ScoredRow, count: int) -> dict[int, Any]:
    span = slice(len(row.context) - count, len(row.ids) - count)
    return {layer: hidden[number, span].float().mean(dim=0).cpu().numpy() for layer, hidden in states.items()}
