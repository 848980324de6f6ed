"""A vector's rows prepared for one model: one float32 unit row per layer, on that layer's device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.errors import BadInput
from core.mixer.mixer import Direction, VectorLike


@dataclass(frozen=True)
class DeviceRows:
    """The layers on one device and the vector's matrix [layers, d] there; layers it lacks are zero rows."""

    layers: tuple[int, ...]
    matrix: Tensor


class VectorRows:
    """The validated rows of one vector, renormalised in float32 (bf16 files are off unit norm by 0.2 %)."""

    def __init__(self, vector: VectorLike, devices: Sequence[torch.device], hidden_size: int) -> None:
        self.vector = vector
        label = getattr(vector, "name", None) or "vector"
        rows = _checked_rows(vector.directions, len(devices), hidden_size, label)
        self.by_device = [
            _device_rows(rows, devices, device, hidden_size) for device in dict.fromkeys(devices)
        ]
        self.rows = {
            layer: shelf.matrix[i]
            for shelf in self.by_device
            for i, layer in enumerate(shelf.layers)
            if layer in rows
        }


def _checked_rows(
    directions: Mapping[int, Direction], n_layers: int, hidden_size: int, label: str
) -> dict[int, Tensor]:
    if not directions:
        raise BadInput(f"vector '{label}' has no layers")
    rows = {}
    for layer, direction in directions.items():
        row = torch.as_tensor(direction).detach().to("cpu", torch.float32).reshape(-1)
        if row.numel() != hidden_size:
            raise BadInput(f"vector '{label}' has {row.numel()} dimensions, the model has {hidden_size}")
        if not 0 <= layer < n_layers:
            raise BadInput(
                f"vector '{label}' has layer {layer}, the model has {n_layers} (0 to {n_layers - 1})"
            )
        rows[layer] = _unit_row(row, layer, label)
    return rows


def _unit_row(row: Tensor, layer: int, label: str) -> Tensor:
    broken = int((~torch.isfinite(row)).sum())
    if broken:
        raise BadInput(f"vector '{label}', layer {layer}: {broken} non-finite values")
    norm = torch.linalg.vector_norm(row.double())
    if norm == 0:
        raise BadInput(f"vector '{label}', layer {layer} has norm 0")
    # Divided in float64, so that only the last rounding is float32's.
    return (row.double() / norm).float()


def _device_rows(
    rows: Mapping[int, Tensor], devices: Sequence[torch.device], device: torch.device, size: int
) -> DeviceRows:
    layers = tuple(layer for layer, where in enumerate(devices) if where == device)
    absent = torch.zeros(size)
    matrix = torch.stack([rows.get(layer, absent) for layer in layers])
    return DeviceRows(layers, matrix.to(device))
