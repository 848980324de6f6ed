"""Whether something on the surface of a text tells which side of its pair it is: exact and resampled tests.

Under the null the two sides of a pair may change places, pair by pair, without changing anything.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

FLIPS = 1999


def exact_sign_test(more: int, less: int) -> float:
    """Two-sided P(|B − n/2| ≥ |more − n/2|) for B ~ Binomial(n, ½), n = more + less; McNemar's exact test.

    `more` counts the pairs in which the positive side has (more of) something, `less` the others; ties are
    left out.
    """
    n, further = more + less, max(more, less)
    tail, ways = 0, math.comb(n, further)
    for count in range(further, n + 1):
        tail += ways
        # C(n, k + 1) from C(n, k): the division leaves no rest.
        ways = ways * (n - count) // (count + 1)
    # Integers, because 2 ** n may be beyond a float.
    return min(1.0, 2 * tail / 2**n)


def paired_share(more: int, less: int, n: int) -> float:
    """Share of the n pairs in which the positive side has more, ties one half.

    For something that a text has or has not, this is its AUROC: ½ + (P(has | +) − P(has | −)) / 2.
    """
    return 0.5 + (more - less) / (2 * n)


def category_accuracy(
    positive: Sequence[Hashable], negative: Sequence[Hashable], *, seed: int = 0, flips: int = FLIPS
) -> tuple[float, float]:
    """(accuracy, p) of telling the sides of each pair apart by one category per side, learned on the other pairs.

    A category votes for the side on which the *other* pairs have it more often; ties count half. p is the
    share of random exchanges of sides that reach the accuracy, with the observed sides counted among them.
    """
    names = {name: index for index, name in enumerate(dict.fromkeys([*positive, *negative]))}
    a, b = (np.array([names[name] for name in side]) for side in (positive, negative))
    rng = np.random.default_rng(seed)
    drawn = rng.choice((-1.0, 1.0), size=(flips, a.size))
    signs = np.concatenate((np.ones((1, a.size)), drawn))
    reached = _left_out_accuracy(a, b, len(names), signs)
    return float(reached[0]), float(np.count_nonzero(reached >= reached[0] - 1e-12) / (flips + 1))


def _left_out_accuracy(
    a: NDArray[np.int64], b: NDArray[np.int64], count: int, signs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Accuracy for each row of signs, where −1 exchanges the sides of a pair."""
    rows = np.arange(a.size)
    sides = np.zeros((a.size, count))
    np.add.at(sides, (rows, a), 1.0)
    np.add.at(sides, (rows, b), -1.0)
    votes = signs @ sides
    # A pair's own vote, +1 for one category and −1 for the other, is taken out: 2 in their difference.
    margin = signs * (votes[:, a] - votes[:, b]) - 2.0
    margin[:, a == b] = 0.0
    right: NDArray[np.float64] = ((margin > 0) + (margin == 0) / 2).mean(axis=1)
    return right
