"""Dose response per prompt: a mean hides the prompts on which a vector has the opposite effect.

m(s) is the measure at dose s. Per prompt: the least-squares slope of m over s, which Tan et al. 2024
(arXiv 2407.12404) call steerability (for some vectors negative on nearly half of the prompts);
Spearman's ρ of s and m, which tests only monotonicity; and the share of m's variance that a line leaves
unexplained, 1 − r². For k doses without an effect these are 0, 0 and 1 − 1/(k − 1) in expectation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessions.experiments.common import statistics
from sessions.experiments.scoring.measures import Value, mean_value
from vectors.statistics import metrics

Response = Mapping[float, Value]
"""Dose → measured value."""
FEWEST = 3  # doses; with fewer, a rank correlation is always ±1


@dataclass(frozen=True)
class Steerability:
    """One slope, one ρ and one residual share per prompt (or contrast pair); None where too few doses gave
    a value.
    """

    slopes: Sequence[Value]
    ranks: Sequence[Value]
    residuals: Sequence[Value]
    seed: int = 0

    @classmethod
    def from_responses(cls, responses: Sequence[Response], seed: int = 0) -> Steerability:
        known = [{dose: value for dose, value in one.items() if value is not None} for one in responses]
        return cls(
            [response_slope(x) for x in known],
            [spearman_rho(x) for x in known],
            [residual_share(x) for x in known],
            seed,
        )

    @property
    def opposite_share(self) -> statistics.Estimate:
        """The share of prompts with a negative slope."""
        known = [value for value in self.slopes if value is not None]
        return statistics.estimate_share(sum(value < 0 for value in known), len(known))

    def to_json(self) -> dict[str, Any]:
        """Means over the prompts with intervals, and paired p against 0."""
        steep, ordered = self._against_zero(self.slopes), self._against_zero(self.ranks)
        result = {
            "slope": steep.estimate.to_json(),
            "p": steep.p,
            "anti_steerable": self.opposite_share.value,
        }
        return result | {"spearman": ordered.estimate.to_json(), "p_spearman": ordered.p}

    def columns(self) -> dict[str, Any]:
        steep, ordered = self._against_zero(self.slopes), self._against_zero(self.ranks)
        columns = {
            "n": steep.estimate.n,
            **steep.columns("slope"),
            **self.opposite_share.columns("anti-steerable"),
        }
        columns |= ordered.estimate.columns("spearman") | {"p spearman": ordered.p}
        return columns | {"residual": mean_value([value for value in self.residuals if value is not None])}

    def _against_zero(self, values: Sequence[Value]) -> statistics.Difference:
        return statistics.paired_difference(values, [0.0] * len(values), self.seed)


def response_slope(known: Mapping[float, float]) -> Value:
    # One dose has no slope.
    if len(known) < 2:
        return None
    if len(set(known.values())) == 1:
        return 0.0  # not 1e−16, whose sign a paired test would take for an effect
    return metrics.least_squares_slope(list(known), list(known.values()))


def spearman_rho(known: Mapping[float, float]) -> Value:
    """Pearson's r of the ranks (ties share theirs); 0 if the response is constant."""
    if len(known) < FEWEST:
        return None
    return _correlation(shared_ranks(list(known)), shared_ranks(list(known.values())))


def residual_share(known: Mapping[float, float]) -> Value:
    """1 − r²; None if the response is constant."""
    if len(known) < FEWEST or len(set(known.values())) == 1:
        return None
    return 1 - _correlation(np.array(list(known)), np.array(list(known.values()))) ** 2


def shared_ranks(values: Sequence[float]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of their ranks."""
    row = np.asarray(values, np.float64)
    below = (row[:, None] > row).sum(axis=1)
    alike = (row[:, None] == row).sum(axis=1)
    return below + (alike + 1) / 2


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    x, y = x - x.mean(), y - y.mean()
    length = float(np.sqrt((x @ x) * (y @ y)))
    # A constant row has length 0 and no correlation.
    return float(x @ y) / length if length > 0 else 0.0
