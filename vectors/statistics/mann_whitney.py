"""Mann–Whitney U test (1947) of whether the projections of two classes differ by chance, for any
distribution.

U = Σᵢⱼ [xᵢ > yⱼ] + ½ [xᵢ = yⱼ] = n₁ n₂ · AUROC. Few values without ties use the exact distribution of U,
others the normal approximation, corrected for ties and for continuity; the boundary is the one scipy uses.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vectors.statistics import metrics

FEW = 8


def mann_whitney(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """U of the first class and the two-sided p; the classes are assumed to be independent."""
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    pairs = a.size * b.size
    # U is a multiple of ½; rounding undoes the error of the division in the area.
    u = round(2 * metrics.area_under_roc(a, b) * pairs) / 2
    # U is distributed symmetrically, so the side further out gives the upper tail.
    further = max(u, pairs - u)
    ties = np.unique(np.concatenate((a, b)), return_counts=True)[1]
    if min(a.size, b.size) <= FEW and ties.max() == 1:
        tail = float(u_distribution(a.size, b.size)[int(further) :].sum())
    else:
        tail = _normal_tail(further, a.size, b.size, ties)
    return u, min(1.0, 2 * tail)


def u_distribution(n: int, m: int) -> NDArray[np.float64]:
    """P(U = 0), P(U = 1), … under the null, for classes of n and m values without ties.

    Recursion: the largest of all values is an x, above all m others, with probability n / (n + m).
    """
    shorter = [np.ones(1)] * (m + 1)
    for i in range(1, n + 1):
        row = [np.ones(1)]
        for j in range(1, m + 1):
            chances = np.zeros(i * j + 1)
            # The largest value is an x and exceeds all j y, or it is a y and adds nothing.
            chances[j:] += i / (i + j) * shorter[j]
            chances[: i * (j - 1) + 1] += j / (i + j) * row[j - 1]
            row.append(chances)
        shorter = row
    return shorter[m]


def _normal_tail(u: float, n: int, m: int, ties: NDArray[np.int64]) -> float:
    """σ² = n₁ n₂ / 12 · (n + 1 − Σ (t³ − t) / (n (n − 1))) for ties of t values each."""
    total, t = n + m, ties.astype(np.float64)
    variance = n * m / 12 * (total + 1 - float((t**3 - t).sum()) / (total * (total - 1)))
    # All values are equal: p is 1.
    if variance <= 0:
        return 0.5
    return math.erfc((u - n * m / 2 - 0.5) / math.sqrt(2 * variance)) / 2
