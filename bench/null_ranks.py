"""Ranks of many vectors at once, as `check` takes them one by one: all of its nulls are linear in their states.

A null row made orthogonal to a unit vector v is (r − (r·v)v) / √(1 − (r·v)²), so its slope needs r·g, r·v and v·g
only. `bench.nulls` holds these ranks against those of the check itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vectors.checks.class_states import ClassStates
from vectors.checks.gradients.nulls import RANDOM, SHUFFLED, NullClass
from vectors.checks.gradients.ranks import LIMIT, Band
from vectors.checks.propensity import null_classes

Floats = NDArray[np.float32]
SMALLEST = 1e-10


@dataclass(frozen=True)
class ManyRanks:
    """`above[name]` and `below[name]`: per vector, the nulls of a class that do as much towards plus and minus."""

    above: Mapping[str, NDArray[Any]]
    below: Mapping[str, NDArray[Any]]
    n: int

    def worst(self, counts: Mapping[str, NDArray[Any]], names: Sequence[str]) -> NDArray[Any]:
        largest: NDArray[Any] = np.max([(1 + counts[name]) / (1 + self.n) for name in names], axis=0)
        return largest

    def not_red(self) -> NDArray[Any]:
        """Vectors that the check would not call red by their ranks, either way round."""
        plain = [name for name in self.above if name != SHUFFLED]
        ways = (self.worst(self.above, plain), self.worst(self.below, plain))
        found: NDArray[Any] = np.minimum(*ways) <= LIMIT
        return found

    def green(self) -> NDArray[Any]:
        """Vectors whose ranks alone would let them be green: all classes, towards plus."""
        found: NDArray[Any] = self.worst(self.above, list(self.above)) <= LIMIT
        return found


def rank_many(
    units: Floats, gradient: Floats, states: ClassStates, bands: Sequence[Band], seed: int = 0
) -> ManyRanks:
    """`units` are [vectors, L, d] rows of length 1, `gradient` [L, d]; lengths are class gaps, as in the check."""
    width = units.shape[2]
    # Orthogonal to nothing: what is along each vector is taken out below.
    raw = null_classes(states, {layer: np.zeros(width, np.float32) for layer in states.made}, seed)
    layers = sorted({layer for band in bands for layer in band})
    gaps = {layer: class_gaps(states, units[:, layer], layer) for layer in layers}
    own = _over_bands({layer: gaps[layer] * (units[:, layer] @ gradient[layer]) for layer in layers}, bands)
    above, below = {}, {}
    for null in raw:
        theirs = _over_bands(
            {
                layer: gaps[layer] * _null_slopes(null, units[:, layer], gradient[layer], layer)
                for layer in layers
            },
            bands,
        )
        above[null.name] = np.count_nonzero(theirs.max(axis=0) >= own.max(axis=0), axis=0)
        below[null.name] = np.count_nonzero((-theirs).max(axis=0) >= (-own).max(axis=0), axis=0)
    return ManyRanks(above, below, raw[0].n)


def class_gaps(states: ClassStates, units: Floats, layer: int) -> NDArray[Any]:
    """Distance of the class means along each vector: what a natural unit of it is."""
    both = np.concatenate([states.made[layer], states.held[layer]])
    found: NDArray[Any] = np.abs(units @ (both[0::2].mean(axis=0) - both[1::2].mean(axis=0)))
    return found


def _null_slopes(null: NullClass, units: Floats, gradient: Floats, layer: int) -> NDArray[Any]:
    """[nulls, vectors] slopes of unit null rows."""
    rows = null.rows(layer)
    slopes = rows @ gradient
    if null.name == RANDOM:
        return np.repeat(slopes[:, None], len(units), axis=1)
    along = rows @ units.T
    rest = np.sqrt(np.maximum(1 - along**2, SMALLEST))
    found: NDArray[Any] = (slopes[:, None] - along * (units @ gradient)) / rest
    return found


def _over_bands(by_layer: Mapping[int, NDArray[Any]], bands: Sequence[Band]) -> NDArray[Any]:
    return np.stack([np.mean([by_layer[layer] for layer in band], axis=0) for band in bands])
