"""Steering of a batch whose rows are pushed differently: plain additions that gradients flow through."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor


class RowPushes:
    """A steerer that adds `pushes[layer]` to every row: [rows, 1, d], [rows, positions, d] or [d]."""

    def __init__(self, pushes: Mapping[int, Tensor]) -> None:
        self.pushes = pushes

    def steer(self, layer: int, hidden: Tensor) -> Tensor:
        push = self.pushes.get(layer)
        return hidden if push is None else hidden + push.to(hidden.device, hidden.dtype)
