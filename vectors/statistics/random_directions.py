"""The null distribution of an alignment: sampled cosines of random pairs of directions.

The cosine of two random unit vectors is the first coordinate of one alone, g / √(g² + χ²), with χ² of d −
1 degrees of freedom (Marsaglia 1972): ten thousand pairs of any width cost two numbers each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

PAIRS = 10_000
REACHED = 99.7
"""Percentage of the random pairs that stay within the band."""


@dataclass(frozen=True)
class RandomCosines:
    """Cosines of random pairs of directions of one width."""

    cosines: NDArray[np.float64]

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        return np.sort(np.abs(self.cosines))

    def p(self, cosine: float) -> float:
        """Share of |cos| at least this large among the random pairs and this one."""
        reached = self.sizes.size - np.searchsorted(self.sizes, abs(cosine), side="left")
        return float(1 + reached) / (self.sizes.size + 1)

    def to_json(self) -> dict[str, float | int]:
        """Summary; `distance` is that of unit vectors, √(2 − 2 cos): √2 on average."""
        return {
            "pairs": self.cosines.size,
            "mean": float(self.cosines.mean()),
            "std": float(self.cosines.std(ddof=1)),
            "band": float(np.percentile(self.sizes, REACHED)),
            "distance": float(np.sqrt(2 - 2 * self.cosines).mean()),
        }


@lru_cache(maxsize=8)
def random_pairs(width: int, pairs: int = PAIRS, seed: int = 0) -> RandomCosines:
    rng = np.random.default_rng(seed)
    # χ² with n degrees of freedom is 2 · Gamma(n / 2).
    along, across = rng.standard_normal(pairs), 2 * rng.standard_gamma((width - 1) / 2, pairs)
    # On a line, any two directions are parallel or opposite.
    return RandomCosines(along / np.sqrt(along**2 + across) if width > 1 else np.copysign(1.0, along))
