"""The quantity a sweep varies: a vector's scale, or the bound of a cap on it.

If the vector has class statistics, a bound is in class gaps: at every layer 0 is the mean of the
negative class and 1 that of the positive one, because one absolute number means different things at
different layers. Otherwise it is the absolute projection. No steering is a separate condition: a floor
of 0 still acts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.mixer.effects import channel_band
from core.mixer.mixer import DEFAULT_DOSE, Channel, Mixer
from sessions.experiments.scoring.conditions import Condition, mixer_at_scale

GRID = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
BOUNDS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)


@dataclass(frozen=True)
class SweepAxis:
    """`kind` is scale, floor or ceiling; `unit` is the unit of its levels."""

    kind: str
    channel: Channel
    n_layers: int

    @property
    def unit(self) -> str:
        if self.kind == "scale":
            return self.channel.unit
        return "gaps from the negative class" if self._classes else "projection"

    @property
    def breaking_signs(self) -> tuple[float, ...]:
        """Directions in which more of it can break a text: a low floor and a high ceiling do nothing."""
        return {"scale": (-1.0, 1.0), "floor": (1.0,), "ceiling": (-1.0,)}[self.kind]

    @property
    def off(self) -> float | None:
        """The level that means no steering, if this axis has one."""
        return 0.0 if self.kind == "scale" else None

    def levels(self) -> tuple[float, ...]:
        if self.kind == "scale":
            size = abs(self.channel.scale) or DEFAULT_DOSE
            return tuple(size * step for step in GRID)
        return BOUNDS

    def mixer(self, level: float, vector: Any = None) -> Mixer:
        """A mixer with the vector, or with `vector` in its place, at this level."""
        channel = self.channel if vector is None else replace(self.channel, vector=vector)
        if self.kind == "scale":
            return mixer_at_scale(channel, level)
        return Mixer((_capped_channel(channel, self.kind, {k: self._bound(k, level) for k in self.layers}),))

    def conditions(self, levels: Sequence[float], vector: Any = None, mark: str = "") -> list[Condition]:
        return [Condition(f"{mark}{level:+g}", self.mixer(level, vector)) for level in levels]

    @property
    def layers(self) -> tuple[int, ...]:
        return channel_band(self.channel, self.n_layers)

    @property
    def _classes(self) -> Mapping[int, Mapping[str, Any]]:
        """Statistics of both classes, if every layer of the band has them."""
        stats: Mapping[int, Mapping[str, Any]] = self.channel.vector.about.stats
        known = all({"positive", "negative"} <= set(stats.get(layer, ())) for layer in self.layers)
        return stats if known else {}

    def _bound(self, layer: int, level: float) -> float:
        if not self._classes:
            return level
        low, high = (float(self._classes[layer][side]["mean"]) for side in ("negative", "positive"))
        # 0 is the mean of the negative class, 1 that of the positive one.
        return low + level * (high - low)


def _capped_channel(channel: Channel, kind: str, bounds: Mapping[int, float]) -> Channel:
    capped = Channel(channel.vector, layers=tuple(bounds))
    return replace(capped, floor=bounds) if kind == "floor" else replace(capped, ceiling=bounds)
