"""Significance tests: paired sign-flip test, Holm's correction over layers, Welch's t, Mann–Whitney.

x and y are held-out projections of the pairs: the direction was made without them, so under the null their
signs are exchangeable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from vectors.statistics import metrics
from vectors.statistics.mann_whitney import mann_whitney

Key = TypeVar("Key")
FLIPS = 4000


def sign_flip_p(x: ArrayLike, y: ArrayLike, *, seed: int = 0, flips: int = FLIPS) -> float:
    """P(|mean of ±(xᵢ − yᵢ)| ≥ |mean of xᵢ − yᵢ|), with the observed signs counted among them."""
    apart = np.asarray(x, np.float64) - np.asarray(y, np.float64)
    rng, observed, reached, left = np.random.default_rng(seed), abs(apart.sum()), 0, flips
    while left > 0:
        part = min(left, max(1, metrics.DRAWN_AT_ONCE // apart.size))
        drawn = np.abs(rng.choice((-1.0, 1.0), size=(part, apart.size)) @ apart)
        # The tolerance counts flips that give the observed sum up to rounding.
        reached += int(np.count_nonzero(drawn >= observed * (1 - 1e-12)))
        left -= part
    # The observed signs are one of the possible flips: p is never 0.
    return (1 + reached) / (flips + 1)


def holm_correction(values: Mapping[Key, float]) -> dict[Key, float]:
    """Holm 1979: the k-th smallest of m p-values times m − k + 1, non-decreasing, at most 1."""
    adjusted, floor = {}, 0.0
    for rank, key in enumerate(sorted(values, key=lambda key: values[key])):
        # A corrected p is never below that of a smaller p.
        floor = max(floor, min(1.0, (len(values) - rank) * values[key]))
        adjusted[key] = floor
    return {key: adjusted[key] for key in values}


def welch_test(x: ArrayLike, y: ArrayLike) -> dict[str, float]:
    """t = (x̄ − ȳ) / √(s₁²/n₁ + s₂²/n₂), its degrees of freedom (Welch–Satterthwaite) and two-sided p."""
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    one, other = float(a.var(ddof=1)) / a.size, float(b.var(ddof=1)) / b.size
    # Without any variance t is 0 / 0 or infinite, and no p can be given: 1 claims nothing.
    if one + other == 0:
        return {"t": 0.0 if a.mean() == b.mean() else math.inf, "df": float(a.size + b.size - 2), "p": 1.0}
    t = float(a.mean() - b.mean()) / math.sqrt(one + other)
    df = (one + other) ** 2 / (one**2 / (a.size - 1) + other**2 / (b.size - 1))
    return {"t": t, "df": df, "p": student_p(t, df)}


def student_p(t: float, df: float) -> float:
    """Two-sided p of Student's t: I_x(df/2, 1/2) with x = df / (df + t²)."""
    return incomplete_beta(df / 2, 0.5, df / (df + t * t))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised I_x(a, b) by Lentz's continued fraction (Numerical Recipes, 6.4)."""
    if x in (0.0, 1.0):
        return x
    # The fraction converges fast only below this; the symmetry of I covers the rest.
    if x > (a + 1) / (a + b + 2):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return front * _continued_fraction(a, b, x) / a


def _continued_fraction(a: float, b: float, x: float) -> float:
    tiny = 1e-300
    # Lentz: a denominator of 0 is replaced by a tiny number; the error cancels in the next term.
    c, d = 1.0, 1.0 / ((1.0 - (a + b) * x / (a + 1)) or tiny)
    value = d
    for m in range(1, 500):
        # The two coefficients of step m; each multiplies the value by one more factor.
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / ((1.0 + term * d) or tiny)
            c = (1.0 + term / c) or tiny
            value *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return value


def significance_tests(x: ArrayLike, y: ArrayLike, seed: int) -> dict[str, float]:
    """The tests of one layer's hold-out; Holm's correction follows when all layers are measured."""
    found, (u, p) = welch_test(x, y), mann_whitney(x, y)
    return {
        "p": sign_flip_p(x, y, seed=seed),
        "welch_t": found["t"],
        "welch_p": found["p"],
        "mann_whitney_u": u,
        "mann_whitney_p": p,
    }
