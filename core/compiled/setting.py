"""Builds the tensors that the graph's buffers hold for one plan, on the thread that changes the mixer."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from core.compiled.cap_table import inverses
from core.compiled.dials import Dials
from core.compiled.layout import Seating, seating
from core.compiled.size import Size
from core.recent import Recent
from core.steering.plan import Layers

Chairs = tuple[Seating | None, ...]


@dataclass(frozen=True)
class Frame:
    """Tensors of the vectors alone: rows [L, S, d], capped Gram rows [L, C, S], inverses [L, C, C, 3^C]."""

    rows: Tensor
    gram: Tensor
    inverse: Tensor


@dataclass(frozen=True)
class Table:
    """Buffer contents for one plan: directions, coefficients [L, lanes, width], pushes [L, lanes, d]."""

    frame: Frame
    dials: Tensor
    push: Tensor
    chairs: Chairs


@dataclass
class Tables:
    """Builds coefficient tables for one graph size; the last direction tensors are cached."""

    size: Size
    hidden_size: int
    device: torch.device
    _frames: Recent[tuple[Chairs, Frame]] = field(default_factory=lambda: Recent(4))

    def make(self, layers: Layers) -> Table:
        chairs = tuple(map(seating, layers))
        frame = self._frames.get(tuple(map(id, chairs)), lambda: (chairs, self._frame(chairs)))[1]
        dials = Dials.silent(len(layers), self.size)
        push = torch.zeros(len(layers), self.size.lanes, self.hidden_size, device=self.device)
        for layer, (plan, seats) in enumerate(zip(layers, chairs, strict=True)):
            if plan is not None and plan.push is not None:
                push[layer] = plan.push.reshape(-1, self.hidden_size)
            if plan is not None and seats is not None:
                dials.write(layer, plan, seats, push[layer])
        return Table(frame, dials.rows(), push, chairs)

    def _frame(self, chairs: Chairs) -> Frame:
        size = self.size
        rows = torch.zeros(len(chairs), size.slots, self.hidden_size, device=self.device)
        gram = np.zeros((len(chairs), size.slots, size.slots))
        for layer, seats in enumerate(chairs):
            if seats is not None:
                n = len(seats)
                rows[layer, :n] = seats.rows
                gram[layer, :n, :n] = seats.gram
        capped = gram[:, : size.caps]
        inverse = inverses(capped[..., : size.caps], size.caps)
        return Frame(rows, torch.from_numpy(capped).float(), torch.from_numpy(inverse).float().contiguous())
