"""A direction with its size on every layer, and the pushes that a dose of it adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.mixer.mixer import DEFAULT_DOSE
from vectors.vector import SteeringVector

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class PushProfile:
    """`rows[layer]` is what a scale of 1 adds in `unit`; a band shares it: each of its layers gets 1/|band|."""

    name: str
    unit: str
    rows: Mapping[int, Floats]
    start: float = 1.0

    def at(self, scale: float, band: tuple[int, ...]) -> dict[int, Tensor]:
        """What is added at each layer of the band."""
        return {layer: torch.from_numpy(self.rows[layer] * np.float32(scale / len(band))) for layer in band}

    def like(self, name: str, units: Mapping[int, Floats]) -> PushProfile:
        """Another direction of the same size on every layer."""
        sizes = {layer: float(np.linalg.norm(row)) for layer, row in self.rows.items()}
        rows = {layer: np.asarray(units[layer] * sizes[layer], np.float32) for layer in units}
        return replace(self, name=name, rows=rows)

    def __neg__(self) -> PushProfile:
        return replace(self, rows={layer: -row for layer, row in self.rows.items()})


def push_profile(vector: SteeringVector, residual: Mapping[int, float]) -> PushProfile:
    """In natural units where every layer has a class gap, else in mean residual norms."""
    natural = all(vector.gaps.get(layer, 0.0) > 0 for layer in vector.layers)
    sizes: Mapping[int, Any] = vector.gaps if natural else residual
    rows = {layer: np.asarray(vector.units[layer] * sizes[layer], np.float32) for layer in vector.layers}
    return PushProfile(
        vector.name, "natural" if natural else "relative", rows, 1.0 if natural else DEFAULT_DOSE
    )
