"""Preallocated tensors that the graph reads and only `load` writes, between two tokens.

In a compiled pass they replace the layer plans of an eager one, for every slot of every layer alike: empty
slots hold zero rows and coefficients without effect. Projections are written to tensors too, so meters cause
no graph break.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.compiled.dials import section_widths
from core.compiled.setting import CoefficientTable
from core.compiled.size import GraphSize
from core.steering.algebra import TINY
from core.steering.caps import cap_states, correct_projections
from core.steering.meters import MeterReading
from core.steering.plan import Layers


class GraphBuffers:
    """The input tensors of one graph; their addresses stay fixed for the life of the graph."""

    def __init__(self, size: GraphSize, n_layers: int, hidden_size: int, device: torch.device) -> None:
        self.size, self.sections = size, section_widths(size)
        self.loaded: CoefficientTable | None = None

        def zeros(*shape: int) -> Tensor:
            tensor = torch.zeros(*shape, device=device)
            # A CUDA graph then reads the tensor in place instead of copying it in for every replay.
            torch._dynamo.mark_static_address(tensor)
            return tensor

        many = 3**size.caps
        self.rows = zeros(n_layers, size.slots, hidden_size)
        self.gram = zeros(n_layers, size.caps, size.slots)
        self.inverse = zeros(n_layers, size.caps, size.caps, many)
        self.coefficients = zeros(n_layers, size.lanes, sum(self.sections))
        self.push = zeros(n_layers, size.lanes, hidden_size)
        self.seen = [zeros(2, size.lanes, size.slots) for _ in range(n_layers)]
        self.sides = zeros(2, size.caps, many)
        self.sides.copy_(torch.from_numpy(cap_states(size.caps)))

    def load(self, table: CoefficientTable) -> None:
        """Copy a table, in force from the next pass on; unchanged parts are not copied."""
        loaded, self.loaded = self.loaded, table
        if loaded is table:
            return
        # Directions are the large part and change with the vectors only, not with a scale.
        if loaded is None or loaded.directions is not table.directions:
            self.rows.copy_(table.directions.rows)
            self.gram.copy_(table.directions.gram)
            self.inverse.copy_(table.directions.inverse)
        self.coefficients.copy_(table.coefficients)
        self.push.copy_(table.push)

    def steer(self, layer: int, hidden: Tensor) -> Tensor:
        """Runs inside the graph on h [lanes, 1, d]: the stages of `steer_array` without branches."""
        state, rows = hidden[:, 0].float(), self.rows[layer]
        through, plus, pushed, floor, ceiling, keep = self.coefficients[layer].split(self.sections, dim=-1)
        slots, caps = self.size.slots, self.size.caps
        p = (state[:, None] * rows).sum(-1)
        # [c | q] = p [M | 1 + MG] + [a | aG]: one product for both, see `core.compiled.dials`.
        both = (p[..., None] * through.unflatten(-1, (slots, 2 * slots))).sum(-2) + plus
        c, q = both[:, :slots], both[:, slots:]
        norm2 = state.square().sum(-1, keepdim=True)
        grown = norm2 + (c * (p + q)).sum(-1, keepdim=True)
        # Selected, not branched on: one graph serves settings with and without keep-norm.
        s = torch.where(keep > 0, (norm2 / grown.clamp(min=TINY)).sqrt(), 1.0)
        c, q, gram = s * c, s * q, self.gram[layer]
        e = correct_projections(q[:, :caps], floor, ceiling, gram[:, :caps], self.inverse[layer], self.sides)
        # Capped directions have the first slots; e is zero for the others.
        w = c + torch.nn.functional.pad(e, (0, slots - caps))
        self.seen[layer][0].copy_(p)
        # A layer that only adds pushes outside the K slots, so its share of each projection is added.
        self.seen[layer][1].copy_(q + (e[..., None] * gram).sum(-2) + pushed)
        steered = s * state + (w[..., None] * rows).sum(-2) + self.push[layer]
        return steered.to(hidden.dtype)[:, None]

    def meter_readings(self, layers: Layers) -> list[MeterReading]:
        """Meter readings of the last pass, in the form an eager pass reports them."""
        assert self.loaded is not None
        found = []
        for layer, (plan, seating) in enumerate(zip(layers, self.loaded.layouts, strict=True)):
            if plan is not None and plan.meter_rows is not None and seating is not None:
                before, after = self.seen[layer][:, :, list(seating.meter_slots)][:, :, None].clone()
                found.append(MeterReading(layer, plan.channels, before, after))
        return found
