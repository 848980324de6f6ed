"""Resolves a channel's settings per layer: the push in activation units, the gain and the bounds.

Plain numbers without torch, so that the app shows exactly the values the engine uses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from core.errors import UsageError
from core.mixer.cap_bounds import Bound
from core.mixer.layer_ranges import default_band, layer_runs, parse_layers
from core.mixer.mixer import Channel

INFINITY = math.inf
Norms = Callable[[], Mapping[int, float]]


class ChannelEffect(NamedTuple):
    """One channel at one layer: h gains `push`·v̂, p becomes gain·p, then floor ≤ p ≤ ceiling is enforced."""

    push: float = 0.0
    gain: float | None = None
    floor: float = -INFINITY
    ceiling: float = INFINITY

    @property
    def is_capped(self) -> bool:
        return self.floor > -INFINITY or self.ceiling < INFINITY

    def combined_with(self, other: ChannelEffect, sign: float, who: str) -> ChannelEffect:
        """Combine two channels on one direction (or opposite ones, sign −1): pushes add, bounds intersect."""
        if self.gain is not None and other.gain is not None and self.gain != other.gain:
            raise UsageError(f"{who} point the same way but ask for gains {self.gain:g} and {other.gain:g}")
        # On the opposite direction p is −p, so a ceiling there is a floor here.
        low, high = (other.floor, other.ceiling) if sign > 0 else (-other.ceiling, -other.floor)
        floor, ceiling = max(self.floor, low), min(self.ceiling, high)
        if floor > ceiling:
            raise UsageError(
                f"{who} contradict each other: no projection is both ≥ {floor:g} and ≤ {ceiling:g}"
            )
        # A gain multiplies p, so it is the same on the opposite direction.
        gain = self.gain if self.gain is not None else other.gain
        return ChannelEffect(self.push + sign * other.push, gain, floor, ceiling)


def named_layers(channel: Channel, n_layers: int) -> tuple[int, ...] | None:
    """The layers that a channel names, in a model of this depth; None where it leaves them open."""
    # Shares of the depth and `all` become layers only here, where the model is known.
    return parse_layers(channel.layers, n_layers) if isinstance(channel.layers, str) else channel.layers


def channel_band(channel: Channel, n_layers: int) -> tuple[int, ...]:
    """Layers on which a channel acts: as set, else its card's, else the default band, where it has rows."""
    has = channel.vector.directions
    layers = named_layers(channel, n_layers)
    if layers is not None:
        missing = [layer for layer in layers if layer not in has]
        if missing:
            raise UsageError(
                f"vector '{channel.label}' has no layer {missing[0]}: it covers {format_layers(has)}"
            )
        return layers
    hint = (getattr(channel.vector, "suggestion", None) or {}).get("layers")
    wanted = hint or default_band(n_layers)
    # A vector without any row in that band acts wherever it has rows.
    return tuple(layer for layer in wanted if layer in has) or tuple(sorted(has))


def channel_effects(
    channel: Channel, n_layers: int, norms: Norms, age: float = 0.0
) -> dict[int, ChannelEffect]:
    """The channel's effect on each layer of its band; `age` is its tokens since the last change."""
    layers = channel_band(channel, n_layers)
    weights = {
        layer: (channel.weights or {}).get(layer, 1.0 if channel.weights is None else 0.0) for layer in layers
    }
    # With `split` the scale is the sum over the band, so that more layers do not mean more.
    total = sum(abs(w) for w in weights.values()) if channel.split else 1.0
    strength = (-channel.scale if channel.flipped else channel.scale) / (total or 1.0)
    if channel.half_life is not None:
        strength *= 0.5 ** (age / channel.half_life)
    # Without a push no unit is looked up: gaps may be missing, and norms cost a forward pass.
    worth = _unit_sizes(channel, norms) if strength else dict.fromkeys(layers, 0.0)
    return {
        layer: _layer_effect(
            channel, layer, strength * weights[layer] * _size_at_layer(worth, layer, channel)
        )
        for layer in layers
    }


def channel_dose(channel: Channel, n_layers: int, norms: Norms) -> tuple[float, float]:
    """(largest push at one layer, sum over the band), both in mean residual norms."""
    residual = norms()
    pushes = [
        abs(level.push) / residual[layer]
        for layer, level in channel_effects(channel, n_layers, norms).items()
    ]
    return max(pushes, default=0.0), sum(pushes)


def _unit_sizes(channel: Channel, norms: Norms) -> Mapping[int, float]:
    """Size of 1.0 in the channel's unit at each layer."""
    if channel.unit == "relative":
        return norms()
    if channel.unit == "raw":
        return getattr(channel.vector, "norms", None) or {}
    if channel.unit == "natural":
        gaps: Mapping[int, float] | None = getattr(channel.vector, "gaps", None)
        if not gaps:
            raise UsageError(
                f"natural units need the class gap of '{channel.label}', which its file does not hold: "
                f"run steertui check {channel.label}"
            )
        return gaps
    return dict.fromkeys(channel.vector.directions, 1.0)


def _size_at_layer(worth: Mapping[int, float], layer: int, channel: Channel) -> float:
    if layer not in worth:
        raise UsageError(
            f"'{channel.label}' has no {channel.unit} size at layer {layer}: use unit or relative"
        )
    return worth[layer]


def channel_bounds(channel: Channel, layer: int) -> tuple[float, float]:
    """(floor, ceiling) on v̂ at one layer; for a flipped channel the bounds are mirrored."""
    floor = _resolve_bound(channel, channel.floor, layer, -INFINITY)
    ceiling = _resolve_bound(channel, channel.ceiling, layer, INFINITY)
    if floor > ceiling:
        raise UsageError(
            f"'{channel.label}' at layer {layer}: floor {floor:g} lies above ceiling {ceiling:g}"
        )
    return (-ceiling, -floor) if channel.flipped else (floor, ceiling)


def _layer_effect(channel: Channel, layer: int, push: float) -> ChannelEffect:
    return ChannelEffect(push, channel.gain, *channel_bounds(channel, layer))


def _resolve_bound(channel: Channel, bound: Bound, layer: int, off: float) -> float:
    if bound is None:
        return off
    if isinstance(bound, Mapping):
        return bound.get(layer, off)
    if not isinstance(bound, str):
        return bound
    percentile: Callable[[int, float], float | None] | None = getattr(channel.vector, "percentile", None)
    value = percentile(layer, float(bound[1:])) if percentile else None
    if value is None:
        raise UsageError(
            f"'{channel.label}' holds no projections at layer {layer} to take {bound} from: "
            f"run steertui check {channel.label}"
        )
    return float(value)


def format_layers(layers: Iterable[int]) -> str:
    """Layers for display: 3–8, 12."""
    return ", ".join("–".join(map(str, run)) for run in layer_runs(layers))
