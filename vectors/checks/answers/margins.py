"""Margins measured at a dose: m(+x) and m(−x) of every pair, and half of what lies between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from core.jobs.job import Steps, gpu_task
from vectors.checks.answers.judged_pairs import JudgedPair
from vectors.checks.answers.pushes import PushProfile
from vectors.checks.gradients.scored_rows import Push, mean_logprobs, row_chunks

if TYPE_CHECKING:
    from core.model.model import Model

PASS_TOKENS = 1536
AS_PREDICTED = (0.4, 2.0)


@dataclass(frozen=True)
class MarginEffect:
    """Half of what lies between m(+x) and m(−x), nats per token; controls are (measured, predicted)."""

    size: float
    predicted: float | None
    halves: tuple[float, ...]
    controls: tuple[tuple[float, float | None], ...] = ()

    @property
    def moved(self) -> int:
        return sum(half > 0 for half in self.halves)

    @property
    def of(self) -> int:
        return len(self.halves)

    @property
    def is_linear(self) -> bool:
        """Whether the controls are as predicted, to within the vector's effect: else ranks say little."""
        errors = [abs(measured - foreseen) for measured, foreseen in self.controls if foreseen is not None]
        return sum(errors) <= abs(self.size)

    @property
    def is_as_predicted(self) -> bool:
        if not self.predicted:
            return True
        return AS_PREDICTED[0] <= self.size / self.predicted <= AS_PREDICTED[1]


def pair_margins(model: Model, pairs: Sequence[JudgedPair], push: Push | None) -> Steps[list[float]]:
    """m per pair: mean log p per token of the positive reply − the same of the negative one."""
    rows = [(number, row, weight) for number, pair in enumerate(pairs) for row, weight in pair.rows()]
    found = [0.0] * len(pairs)
    for part in row_chunks([row for _, row, _ in rows], PASS_TOKENS):
        few = [rows[index][1] for index in part]
        for index, value in zip(
            part, (yield gpu_task(partial(mean_logprobs, model, few, push))), strict=True
        ):
            number, _, weight = rows[index]
            found[number] += weight * value
    return found


def half_effects(
    model: Model, pairs: Sequence[JudgedPair], profile: PushProfile, band: tuple[int, ...], scale: float
) -> Steps[tuple[list[float], list[float]]]:
    """(m(−x), m(+x)) per pair."""
    below = yield from pair_margins(model, pairs, profile.at(-scale, band))
    above = yield from pair_margins(model, pairs, profile.at(scale, band))
    return below, above


def half_difference(below: Sequence[float], above: Sequence[float]) -> list[float]:
    return [float(value) for value in (np.asarray(above) - np.asarray(below)) / 2]
