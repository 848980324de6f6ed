"""Comparing vectors layer by layer: cosines, and least-squares decomposition of one into others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.json_values import JsonValue
from vectors.errors import VectorFileError
from vectors.statistics.metrics import random_band

if TYPE_CHECKING:
    from vectors.vector import SteeringVector


@dataclass(frozen=True)
class VectorPair:
    """Cosines of two vectors on the layers they share; random directions stay within ±`band` = 3/√d."""

    layers: dict[int, float]
    band: float

    @property
    def mean(self) -> float | None:
        return math.fsum(self.layers.values()) / len(self.layers) if self.layers else None

    def to_json(self) -> dict[str, JsonValue]:
        by_text = {str(layer): cosine for layer, cosine in self.layers.items()}
        return {"mean": self.mean, "layers": by_text, "random_band": self.band}


def layer_cosines(one: SteeringVector, two: SteeringVector) -> VectorPair:
    """cos(v̂_L, ŵ_L) on the layers both have."""
    _require_same_width(one, two)
    shared = [layer for layer in one.layers if layer in two.rows]
    by_layer = {
        layer: float(np.dot(_unit_float64(one, layer), _unit_float64(two, layer))) for layer in shared
    }
    return VectorPair(by_layer, random_band(one.hidden_size))


@dataclass(frozen=True)
class Decomposition:
    """v̂ ≈ Σ cᵢ ŵᵢ at one layer; `residual` is the fraction of v̂'s norm that remains."""

    coefficients: tuple[float, ...]
    residual: float


def decompose_vector(target: SteeringVector, parts: Sequence[SteeringVector]) -> dict[int, Decomposition]:
    """Least squares of one unit direction on others, on the layers that all of them have."""
    for part in parts:
        _require_same_width(target, part)
    shared = [layer for layer in target.layers if all(layer in part.rows for part in parts)]
    if not parts or not shared:
        raise VectorFileError("nothing to decompose on: the vectors share no layer")
    return {layer: _decompose_layer(target, parts, layer) for layer in shared}


def _decompose_layer(target: SteeringVector, parts: Sequence[SteeringVector], layer: int) -> Decomposition:
    basis, goal = (
        np.stack([_unit_float64(part, layer) for part in parts], axis=1),
        _unit_float64(target, layer),
    )
    # The cut-off keeps nearly parallel parts from getting huge coefficients that cancel.
    coefficients = np.linalg.lstsq(basis, goal, rcond=1e-6)[0]
    residual = float(np.linalg.norm(goal - basis @ coefficients) / np.linalg.norm(goal))
    return Decomposition(tuple(map(float, coefficients)), residual)


def _unit_float64(vector: SteeringVector, layer: int) -> NDArray[np.float64]:
    return vector.units[layer].astype(np.float64)


def _require_same_width(one: SteeringVector, two: SteeringVector) -> None:
    if one.hidden_size != two.hidden_size:
        names = f"{one.name} and {two.name}"
        raise VectorFileError(f"{names} have {one.hidden_size} and {two.hidden_size} dimensions")
