"""Table of channel effects by vector, lane and layer, before they become tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from core.mixer.effects import ChannelEffect
from core.steering.vector_rows import VectorRows

SILENT = ChannelEffect()


@dataclass
class EffectTable:
    """`effects[rows][lane][layer]`; two channels of one vector in one lane are combined when added."""

    n_layers: int
    n_lanes: int
    effects: dict[VectorRows, list[dict[int, ChannelEffect]]] = field(default_factory=dict)
    dense: set[int] = field(default_factory=set)

    def add_effects(
        self, lane: int, stack: VectorRows, label: str, levels: Mapping[int, ChannelEffect], keep_norm: bool
    ) -> None:
        lanes = self.effects.setdefault(stack, [{} for _ in range(self.n_lanes)])
        for layer, level in levels.items():
            there = lanes[lane].get(layer)
            lanes[lane][layer] = (
                there.combined_with(level, 1.0, f"two channels of '{label}'") if there else level
            )
            # A sum of pushes cannot express these: the layer needs a K-space program.
            if keep_norm or level.gain is not None or level.is_capped:
                self.dense.add(layer)

    def vectors_at(self, layer: int) -> list[VectorRows]:
        """The vectors that act at this layer in some lane."""
        return [stack for stack, lanes in self.effects.items() if any(layer in lane for lane in lanes)]

    def effect_at(self, stack: VectorRows, lane: int, layer: int) -> ChannelEffect:
        return self.effects[stack][lane].get(layer, SILENT)

    def additive_pushes(self) -> Iterator[tuple[VectorRows, list[list[float]]]]:
        """Per vector the pushes [layer][lane], at the layers where channels only add."""
        for stack, lanes in self.effects.items():
            table = [
                # A dense layer applies its pushes in its program; a zero here keeps them from counting twice.
                [0.0 if layer in self.dense or layer not in lane else lane[layer].push for lane in lanes]
                for layer in range(self.n_layers)
            ]
            yield stack, table
