"""Comparing vectors layer by layer: cosines, and least-squares decomposition of one into others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vectors.data.stored import Stored
from vectors.errors import VectorFileError
from vectors.statistics.metrics import random_band


@dataclass(frozen=True)
class Pair:
    """Cosines of two vectors on the layers they share; random directions stay within ±`band` = 3/√d."""

    layers: dict[int, float]
    band: float

    @property
    def mean(self) -> float | None:
        return math.fsum(self.layers.values()) / len(self.layers) if self.layers else None

    def to_json(self) -> dict[str, Any]:
        by_text = {str(layer): cosine for layer, cosine in self.layers.items()}
        return {"mean": self.mean, "layers": by_text, "random_band": self.band}


def cosines(one: Stored, two: Stored) -> Pair:
    """cos(v̂_L, ŵ_L) on the layers both have."""
    _same_width(one, two)
    shared = [layer for layer in one.layers if layer in two.units]
    by_layer = {layer: float(np.dot(_wide(one, layer), _wide(two, layer))) for layer in shared}
    return Pair(by_layer, random_band(one.hidden_size))


@dataclass(frozen=True)
class Mixture:
    """v̂ ≈ Σ cᵢ ŵᵢ at one layer; `residual` is the fraction of v̂'s norm that remains."""

    coefficients: tuple[float, ...]
    residual: float


def decompose(target: Stored, parts: Sequence[Stored]) -> dict[int, Mixture]:
    """Least squares of one unit direction on others, on the layers that all of them have."""
    for part in parts:
        _same_width(target, part)
    shared = [layer for layer in target.layers if all(layer in part.units for part in parts)]
    if not parts or not shared:
        raise VectorFileError("nothing to decompose on: the vectors share no layer")
    return {layer: _mixture(target, parts, layer) for layer in shared}


def _mixture(target: Stored, parts: Sequence[Stored], layer: int) -> Mixture:
    basis, goal = np.stack([_wide(part, layer) for part in parts], axis=1), _wide(target, layer)
    coefficients = np.linalg.lstsq(basis, goal, rcond=1e-6)[0]
    residual = float(np.linalg.norm(goal - basis @ coefficients) / np.linalg.norm(goal))
    return Mixture(tuple(map(float, coefficients)), residual)


def _wide(stored: Stored, layer: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return stored.units[layer].astype(np.float64)


def _same_width(one: Stored, two: Stored) -> None:
    if one.hidden_size != two.hidden_size:
        names = f"{one.about.name or 'vector'} and {two.about.name or 'vector'}"
        raise VectorFileError(f"{names} have {one.hidden_size} and {two.hidden_size} dimensions")
