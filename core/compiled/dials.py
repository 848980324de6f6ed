"""Steering coefficients of one plan, one row per layer and lane: all that a changed setting has to copy.

With the stages of `core.steering.algebra`, M the gain matrix, a the scales and G the Gram matrix, both c = pM + a and
q = p + cG come from one product: [c | q] = p [M | 1 + MG] + [a | aG].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.compiled.layout import SlotLayout, to_numpy
from core.compiled.size import GraphSize
from core.steering.caps import NEVER
from core.steering.layer_plan import LayerPlan

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CoefficientRows:
    """Arrays [layers, lanes, …] in slot order; `pushed` is the push's share of each projection."""

    gram: Array
    gain: Array
    add: Array
    pushed: Array
    floor: Array
    ceiling: Array
    keep: Array

    @classmethod
    def without_effect(cls, n_layers: int, size: GraphSize) -> CoefficientRows:
        """Coefficients that leave every layer's output unchanged."""
        slots, caps, lead = size.slots, size.caps, (n_layers, size.lanes)
        return cls(
            gram=np.zeros((n_layers, 1, slots, slots)),
            gain=np.zeros((*lead, slots, slots)),
            add=np.zeros((*lead, slots)),
            pushed=np.zeros((*lead, slots)),
            floor=np.full((*lead, caps), -NEVER),
            ceiling=np.full((*lead, caps), NEVER),
            keep=np.zeros((*lead, 1)),
        )

    def set_layer(self, layer: int, plan: LayerPlan, seats: SlotLayout, push: Tensor) -> None:
        n, program = len(seats), plan.program
        self.gram[layer, 0, :n, :n] = seats.gram
        # A layer that only adds has no program, but its meters report the pushed projections.
        if plan.push is not None:
            self.pushed[layer, :, :n] = (push @ seats.rows.T).cpu().numpy()
        if program is None:
            return
        order, capped = list(seats.program_rows), list(seats.program_rows[: seats.caps])
        k = len(order)
        if program.gain is not None:
            self.gain[layer, :, :k, :k] = _with_lane_axis(program.gain, k, k)[:, order][:, :, order]
        if program.add is not None:
            self.add[layer, :, :k] = _with_lane_axis(program.add, k)[:, order]
        if program.keep_norm is not None:
            self.keep[layer] = _with_lane_axis(program.keep_norm, 1)
        if capped and program.floor is not None and program.ceiling is not None:
            for mine, theirs in ((self.floor, program.floor), (self.ceiling, program.ceiling)):
                # The graph evaluates states whose bound is not active, where 0·∞ would be NaN.
                mine[layer, :, : len(capped)] = np.clip(_with_lane_axis(theirs, k)[:, capped], -NEVER, NEVER)

    def to_tensor(self) -> Tensor:
        """float32 [layers, lanes, width], divided as `section_widths` lists."""
        through = np.concatenate([self.gain, np.eye(self.gain.shape[-1]) + self.gain @ self.gram], axis=-1)
        plus = np.concatenate([self.add, (self.add[..., None, :] @ self.gram)[..., 0, :]], axis=-1)
        flat = through.reshape(*through.shape[:2], -1)
        parts = [flat, plus, self.pushed, self.floor, self.ceiling, self.keep]
        return torch.from_numpy(np.concatenate(parts, axis=-1)).float()


def section_widths(size: GraphSize) -> list[int]:
    """Widths of [M | 1 + MG], [a | aG], the push on the projections, floors, ceilings, keep-norm."""
    return [2 * size.slots**2, 2 * size.slots, size.slots, size.caps, size.caps, 1]


def _with_lane_axis(x: Array | Tensor, *shape: int) -> Array:
    """Plan values with a lane axis, which a plan omits when there is one lane."""
    return to_numpy(x).reshape(-1, *shape)
