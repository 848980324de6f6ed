"""Steering of one layer in a forward pass, the hot path; all that can be is precomputed in `core.steering.plan`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.steering.algebra import SteeringProgram, steer_array
from core.steering.floats import FloatProgram
from core.steering.meters import MeterReading, read_meter

Program: TypeAlias = SteeringProgram[NDArray[np.float64]] | SteeringProgram[Tensor]
"""Float64 arrays where the layer is on a CPU, else float32 tensors on its device."""


@dataclass(frozen=True)
class LayerPlan:
    """`push` where channels only add, else the K-space program on `rows`; `meter_rows` are only measured."""

    push: Tensor | None = None
    rows: Tensor | None = None
    program: Program | None = None
    float_programs: tuple[FloatProgram, ...] = ()
    meter_rows: Tensor | None = None
    channels: tuple[int, ...] = ()

    def steer(self, layer: int, hidden: Tensor, readings: list[MeterReading] | None) -> Tensor:
        steered = self._apply(hidden)
        if self.meter_rows is not None and readings is not None:
            readings.append(read_meter(layer, self.channels, self.meter_rows, hidden, steered))
        return steered

    def _apply(self, hidden: Tensor) -> Tensor:
        if self.push is not None:
            return hidden + self.push
        if self.rows is None:
            return hidden
        # On a GPU, or for many lanes, there are no float programs: those passes use arrays.
        if hidden.shape[1] == 1 and hidden.shape[0] == len(self.float_programs):
            if len(self.float_programs) == 1:
                return self._one_token(hidden, self.rows, self.float_programs[0])
            return self._one_token_per_lane(hidden, self.rows, self.float_programs)
        return self._apply_arrays(hidden, self.rows, self.program)

    @staticmethod
    def _one_token(hidden: Tensor, rows: Tensor, single: FloatProgram) -> Tensor:
        state = hidden.reshape(-1).float()
        norm2 = float(state.detach() @ state.detach()) if single.keep_norm else 0.0
        s, w = single.steer((rows @ state).tolist(), norm2)
        # The same object tells the hook that nothing changed, and the output stays exact.
        if s == 1.0 and not any(w):
            return hidden
        # One row needs no tensor of coefficients and no matrix product.
        change = rows[0] * w[0] if len(w) == 1 else torch.tensor(w) @ rows
        # s·h + wV is summed in float32 and rounded to the model's dtype once.
        return torch.add(change, state, alpha=s).to(hidden.dtype).view_as(hidden)

    @staticmethod
    def _one_token_per_lane(hidden: Tensor, rows: Tensor, singles: tuple[FloatProgram, ...]) -> Tensor:
        """One token of a few lanes, each in Python floats: still faster than arrays of so few numbers."""
        state = hidden[:, 0].float()
        norms = [0.0] * len(singles)
        if any(single.keep_norm for single in singles):
            norms = state.detach().square().sum(-1).tolist()
        found = [x.steer(p, n) for x, p, n in zip(singles, (state @ rows.T).tolist(), norms, strict=True)]
        if any(s != 1.0 for s, _ in found):
            state = state * torch.tensor([[s] for s, _ in found])
        return torch.addmm(state, torch.tensor([w for _, w in found]), rows).to(hidden.dtype)[:, None]

    @staticmethod
    def _apply_arrays(hidden: Tensor, rows: Tensor, program: Any) -> Tensor:
        state = hidden.float()
        p = state @ rows.T
        norm2 = state.square().sum(-1, keepdim=True) if program.keep_norm is not None else None
        # A CPU layer's program holds float64 arrays, any other float32 tensors on its device.
        if p.device.type == "cpu":
            wide = None if norm2 is None else norm2.detach().double().numpy()
            s, w, _ = steer_array(p.detach().double().numpy(), wide, program, np)
            s, w = torch.as_tensor(s, dtype=torch.float32), torch.as_tensor(w, dtype=torch.float32)
        else:
            s, w, _ = steer_array(p, norm2, program, torch)
        return (state * s + w @ rows).to(hidden.dtype)
