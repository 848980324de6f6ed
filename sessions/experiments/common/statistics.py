"""Uncertainty: an interval and n for every number, and paired tests between conditions.

Prompts are the units that are resampled and sign-flipped, never tokens: tokens of one answer are not
independent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vectors.statistics import significance
from vectors.statistics.metrics import wilson_interval

RESAMPLES = 2000
Values = Sequence[float | None]
"""One number per prompt, in the order of the prompts; None where the measure does not apply to an answer."""


@dataclass(frozen=True)
class Estimate:
    """A mean over prompts with its 95 % interval; `value` is None if there are no prompts."""

    value: float | None
    lo: float | None
    hi: float | None
    n: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def columns(self, name: str) -> dict[str, Any]:
        """As columns of a table."""
        return {name: self.value, f"{name}_lo": self.lo, f"{name}_hi": self.hi}


NOTHING = Estimate(None, None, None, 0)


def estimate_mean(values: Values, seed: int = 0, *, shares: bool = False) -> Estimate:
    """Mean of the values that are not None. With `shares` and only 0 and 1 as values the interval is
    Wilson's (a bootstrap of forty ones would have zero width); otherwise it is bootstrapped.
    """
    known = [float(value) for value in values if value is not None]
    if not known:
        return NOTHING
    if shares and set(known) <= {0.0, 1.0}:
        return estimate_share(sum(known), len(known))
    return Estimate(float(np.mean(known)), *bootstrap_interval(known, seed), len(known))


def estimate_share(hits: float, total: int) -> Estimate:
    """k of n with Wilson's score interval, which stays in [0, 1] and has a width even at 0 and 1."""
    return Estimate(hits / total, *wilson_interval(int(hits), total), total) if total else NOTHING


def bootstrap_interval(values: Sequence[float], seed: int = 0) -> tuple[float | None, float | None]:
    """95 % bootstrap interval of a mean, percentiles expanded for small n (Hesterberg 2015, §3.4.2):
    α' = Φ(−√(n/(n−1)) · t_{0.975, n−1}). Plain percentiles of 8 prompts would cover only 88 times in 100.
    """
    a = np.asarray(values, np.float64)
    # One value says nothing about its spread.
    if a.size < 2:
        return None, None
    drawn = _resampled(a, seed).mean(axis=1)
    # The expanded tail: n/(n−1) corrects the biased variance, Student's t the small n.
    tail = 100 * NormalDist().cdf(-math.sqrt(a.size / (a.size - 1)) * student_quantile(a.size - 1))
    low, high = np.percentile(drawn, (tail, 100 - tail))
    return float(low), float(high)


@lru_cache(maxsize=512)
def student_quantile(df: int) -> float:
    """t with P(|T| > t) = 0.05, by bisection."""
    # t is 12.7 for one degree of freedom and falls towards 1.96.
    low, high = 1.0, 64.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if significance.student_p(middle, df) > 0.05 else (low, middle)
    return low


@dataclass(frozen=True)
class Difference:
    """One condition minus another over prompts that have both values: mean, interval and paired sign-flip
    p.
    """

    estimate: Estimate
    p: float | None

    def columns(self, name: str = "difference") -> dict[str, Any]:
        return self.estimate.columns(name) | {"p": self.p}


def paired_difference(values: Values, reference: Values, seed: int = 0) -> Difference:
    """Fisher's randomisation test: under the null hypothesis the two values of a pair are exchangeable."""
    pairs = [(a, b) for a, b in zip(values, reference, strict=True) if a is not None and b is not None]
    apart = [float(a) - float(b) for a, b in pairs]
    # With one pair both sign assignments are equally extreme, so p would always be 1.
    if len(apart) < 2:
        return Difference(NOTHING, None)
    mean = Estimate(float(np.mean(apart)), *bootstrap_interval(apart, seed), len(apart))
    return Difference(mean, significance.sign_flip_p([a for a, _ in pairs], [b for _, b in pairs], seed=seed))


def binomial_p(wins: int, total: int) -> float:
    """Exact two-sided test of p = ½, twice the smaller tail; for pairwise wins without ties."""
    if total == 0:
        return 1.0
    # Exact integers up to the division, so that large counts do not overflow.
    tail = sum(math.comb(total, k) for k in range(min(wins, total - wins) + 1)) / 2**total
    return min(1.0, 2 * tail)


def holm_adjusted(p_values: Mapping[Any, float | None]) -> dict[Any, float | None]:
    """Holm's correction over the entries that have a p."""
    known = {key: p for key, p in p_values.items() if p is not None}
    # Entries without a p stay None and do not count as tests.
    return dict.fromkeys(p_values) | significance.holm_correction(known)


def _resampled(values: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    return values[np.random.default_rng(seed).integers(values.size, size=(RESAMPLES, values.size))]
