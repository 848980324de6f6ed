"""Builds the tensors that the graph's buffers hold for one plan, on the thread that changes the mixer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from core.compiled.dials import CoefficientRows
from core.compiled.layout import SlotLayout, find_layout
from core.compiled.size import GraphSize
from core.recent import LruCache
from core.steering.caps import active_inverses
from core.steering.plan import Layers

Chairs = tuple[SlotLayout | None, ...]


@dataclass(frozen=True)
class DirectionTensors:
    """Tensors of the vectors alone: rows [L, S, d], capped Gram rows [L, C, S], inverses [L, C, C, 3^C]."""

    rows: Tensor
    gram: Tensor
    inverse: Tensor


@dataclass(frozen=True)
class CoefficientTable:
    """Buffer contents for one plan: directions, coefficients [L, lanes, width], pushes [L, lanes, d]."""

    directions: DirectionTensors
    coefficients: Tensor
    push: Tensor
    layouts: Chairs


@dataclass
class TableBuilder:
    """Builds coefficient tables for one graph size; the last direction tensors are cached."""

    size: GraphSize
    hidden_size: int
    device: torch.device
    _direction_cache: LruCache[tuple[Chairs, DirectionTensors]] = field(default_factory=lambda: LruCache(4))

    def build_table(self, layers: Layers) -> CoefficientTable:
        chairs = tuple(map(find_layout, layers))
        # Layouts are cached per row tensor: equal ids mean equal vectors, and the entry keeps them alive.
        frame = self._direction_cache.get_or_make(
            tuple(map(id, chairs)), lambda: (chairs, self._build_directions(chairs))
        )[1]
        dials = CoefficientRows.without_effect(len(layers), self.size)
        push = torch.zeros(len(layers), self.size.lanes, self.hidden_size, device=self.device)
        for layer, (plan, seats) in enumerate(zip(layers, chairs, strict=True)):
            if plan is not None and plan.push is not None:
                # A push is [d] for one lane and [lanes, 1, d] for several.
                push[layer] = plan.push.reshape(-1, self.hidden_size)
            if plan is not None and seats is not None:
                dials.set_layer(layer, plan, seats, push[layer])
        return CoefficientTable(frame, dials.to_tensor(), push, chairs)

    def _build_directions(self, chairs: Chairs) -> DirectionTensors:
        size = self.size
        rows = torch.zeros(len(chairs), size.slots, self.hidden_size, device=self.device)
        gram = np.zeros((len(chairs), size.slots, size.slots))
        for layer, seats in enumerate(chairs):
            if seats is not None:
                n = len(seats)
                rows[layer, :n] = seats.rows
                gram[layer, :n, :n] = seats.gram
        # Capped directions have the first slots, and the correction needs their rows only.
        capped = gram[:, : size.caps]
        inverse = active_inverses(capped[..., : size.caps], size.caps)
        return DirectionTensors(
            rows, torch.from_numpy(capped).float(), torch.from_numpy(inverse).float().contiguous()
        )
