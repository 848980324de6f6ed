"""Steering of one pass in which every lane feeds one token and lanes may be in different phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.steering.plan import Layers, Plan


@dataclass(frozen=True)
class LanePass:
    """Per group of lanes [lanes, 1, 1] the layer plans of its phase; a group of None is all lanes."""

    groups: Sequence[tuple[Tensor | None, Layers]]

    @classmethod
    def of(cls, plan: Plan, phases: Sequence[str]) -> LanePass:
        """The pass for lanes in these phases."""
        # Compared by identity: phases that are steered alike share one tuple of layer plans.
        kinds = {id(plan.phases[phase]): plan.phases[phase] for phase in phases}
        if len(kinds) == 1:
            [layers] = kinds.values()
            return cls([(None, layers)])
        own = [id(plan.phases[phase]) for phase in phases]
        return cls(
            [(torch.tensor([one == kind for one in own])[:, None, None], kinds[kind]) for kind in kinds]
        )

    def steer(self, layer: int, hidden: Tensor) -> Tensor:
        out = hidden
        for lanes, layers in self.groups:
            plan = layers[layer]
            if plan is not None:
                # Computed for all lanes, because a plan has a coefficient for each of them.
                steered = plan.steer(layer, hidden, None)
                out = steered if lanes is None else torch.where(lanes.to(hidden.device), steered, out)
        return out
