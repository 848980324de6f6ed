"""Answers as the unsteered model reads them: surprise per token and mean states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
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
    """One answer read unsteered; `states[layer]` is the mean over its tokens."""

    tokens: tuple[int, ...]
    nll: float
    states: Mapping[int, Floats]
    ended: bool = True

    @property
    def repetition(self) -> float:
        return repeated_ngram_share(self.tokens)

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
    label: str = "answers read",
) -> Steps[list[list[UnsteeredReading]]]:
    """Read rows group by group; those of a group should share their context, which is then run once.

    Of each group only the first `scored` rows get their nll; the others are read for their states alone.
    """
    found = []
    for number, rows in enumerate(groups, start=1):
        found.append((yield gpu_task(partial(_read_group, model, rows, layers, scored))))
        yield Progress(number, len(groups), label)
    return found


def _read_group(
    model: Model, rows: Sequence[ScoredRow], layers: Sequence[int], scored: int | None
) -> list[UnsteeredReading]:
    with_reply = [row for row in rows if row.reply]
    few = len(with_reply) if scored is None else sum(bool(row.reply) for row in rows[:scored])
    found = iter(_read_replies(model, with_reply, layers, few) if with_reply else ())
    empty = UnsteeredReading((), float("nan"), {})
    return [next(found) if row.reply else empty for row in rows]


def _read_replies(
    model: Model, rows: Sequence[ScoredRow], layers: Sequence[int], scored: int
) -> list[UnsteeredReading]:
    states: dict[int, Tensor] = {}

    def keep(layer: int, hidden: Tensor) -> None:
        # The pass over the common beginning comes first and is overwritten.
        states[layer] = hidden.detach()

    with model.steering.hooking_outputs(sorted(layers), keep):
        logprobs = reply_logprobs(model, rows, scored=scored)
    count = skipped_length(model, rows)
    batch = RowBatch.of(rows, model.device, count, scored)
    chosen = logprobs.gather(1, batch.targets[:, None])[:, 0]
    nll = [-float(part.mean()) for part in chosen.split([len(row.reply) for row in rows[:scored]])]
    nll += [float("nan")] * (len(rows) - scored)
    return [
        UnsteeredReading(row.reply, nll[number], _mean_states(states, number, row, count))
        for number, row in enumerate(rows)
    ]


def _mean_states(states: Mapping[int, Tensor], number: int, row: ScoredRow, count: int) -> dict[int, Any]:
    span = slice(len(row.context) - count, len(row.ids) - count)
    return {layer: hidden[number, span].float().mean(dim=0).cpu().numpy() for layer, hidden in states.items()}


def token_projections(
    model: Model, rows: Sequence[ScoredRow], directions: Mapping[int, Tensor]
) -> dict[int, NDArray[Any]]:
    """Projections of every reply token on each layer's direction, of all rows together."""
    found: dict[int, list[NDArray[Any]]] = {layer: [] for layer in directions}
    for row in rows:

        def project(layer: int, hidden: Tensor, start: int = len(row.context)) -> None:
            # Projected inside the hook: the states of all layers would take far more memory.
            found[layer].append((hidden[0, start:].float().cpu() @ directions[layer]).numpy())

        ids = torch.tensor([row.ids], device=model.device)
        steering = model.steering
        with (
            torch.no_grad(),
            steering.steering_with(None),
            steering.hooking_outputs(sorted(directions), project),
        ):
            model.anatomy.trunk(input_ids=ids, use_cache=False)
    return {layer: np.concatenate(parts) for layer, parts in found.items()}
