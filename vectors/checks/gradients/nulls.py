"""Three classes of null directions, each drawn layer by layer as unit rows.

`random` fresh normal rows · `covariance-matched` Σ cᵢ(hᵢ − h̄) of states of the set's own texts, c normal and the
same at all layers · `label-shuffled` Σ ±Dᵢ of the pairs' differences. The last two are made orthogonal to the
vector under test: not orthogonalised, their median |cos| with it is above ½, and it would lose against itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COUNT = 999
RANDOM, COVARIANCE, SHUFFLED = "random", "covariance-matched", "label-shuffled"
CLASSES = (RANDOM, COVARIANCE, SHUFFLED)
FEWEST_PAIRS = 4
TINY = 1e-5
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class NullClass:
    """`rows(layer)` gives [n, d] unit rows, the same at every call; `name` is one of `CLASSES`."""

    name: str
    n: int
    rows: Callable[[int], Floats]


def random_nulls(width: int, seed: int, n: int = COUNT) -> NullClass:
    def rows(layer: int) -> Floats:
        return _unit(np.random.default_rng((seed, layer)).standard_normal((n, width), np.float32))

    return NullClass(RANDOM, n, rows)


def covariance_nulls(
    states: Mapping[int, Floats], units: Mapping[int, Floats], seed: int, n: int = COUNT
) -> NullClass:
    """`states` are [texts, d] by layer; c has the covariance of the states without estimating one."""
    texts = len(next(iter(states.values())))
    weights = np.random.default_rng((seed, texts, 1)).standard_normal((n, texts), np.float32)

    def rows(layer: int) -> Floats:
        centred = states[layer] - states[layer].mean(axis=0)
        return orthogonal_rows(weights @ centred, units[layer])

    return NullClass(COVARIANCE, n, rows)


def shuffled_nulls(
    differences: Mapping[int, Floats], units: Mapping[int, Floats], seed: int, n: int = COUNT
) -> NullClass:
    """`differences` are [pairs, d] by layer; the signs are the same at all layers."""
    pairs = len(next(iter(differences.values())))
    signs = np.random.default_rng((seed, pairs, 2)).choice(np.array([-1, 1], np.float32), (n, pairs))
    return NullClass(SHUFFLED, n, lambda layer: orthogonal_rows(signs @ differences[layer], units[layer]))


def orthogonal_rows(rows: Floats, unit: Floats) -> Floats:
    """Unit rows without their part along `unit`; a row that is nothing but this part becomes 0."""
    rest = rows - np.outer(rows @ unit, unit)
    # Rounding leaves a remainder of a parallel row, which must not become a direction.
    kept = np.linalg.norm(rest, axis=1) > TINY * np.linalg.norm(rows, axis=1)
    return _unit(np.where(kept[:, None], rest, np.float32(0)))


def _unit(rows: Floats) -> Floats:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return unit
