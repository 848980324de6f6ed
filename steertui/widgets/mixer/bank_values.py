"""Per-layer values of a channel, and edits of one layer as edits of the channel. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from core.errors import SteerError
from core.mixer.effects import channel_effects
from core.mixer.mixer import Channel
from sessions.state.layer_shapes import SHAPES, name_shape, shape_weights, spread_scale
from steertui.widgets.mixer.dial import layers_of, shown_scale, stored_scale


def layer_scales(channel: Channel, n_layers: int) -> list[float | None]:
    """The effective scale of every layer; None outside the band. Split shares add up to the master scale."""
    band = layers_of(channel, n_layers)
    faders: list[float | None] = [None] * n_layers
    for layer, scale in spread_scale(
        shown_scale(channel), channel.weights, band, split=channel.split
    ).items():
        faders[layer] = scale
    return faders


def layer_strengths(channel: Channel, n_layers: int, residual: Mapping[int, float]) -> dict[int, float]:
    """The relative push ‖push‖/‖h‖ of each layer; empty where residual norms are unknown."""
    try:
        found = channel_effects(channel, n_layers, lambda: residual)
        return {layer: abs(level.push) / residual[layer] for layer, level in found.items()}
    except (SteerError, KeyError):
        return {}


def total_scale(channel: Channel, n_layers: int) -> float:
    """Sum of the scales over the band; the push accumulates over layers."""
    return sum(value for value in layer_scales(channel, n_layers) if value is not None)


def set_layer(channel: Channel, n_layers: int, layer: int, value: float) -> Channel:
    """Set one layer to `value` and keep all others; a layer outside the band joins it if the vector has
    that layer.

    The result has explicit per-layer weights, so the master scale still scales the whole drawing.
    `split` is turned off: weights forced to add up to one would move the other layers.
    """
    if layer not in channel.vector.directions:
        return channel
    faders = {each: fader for each, fader in enumerate(layer_scales(channel, n_layers)) if fader is not None}
    faders[layer] = value
    master = shown_scale(channel)
    # Shares of a scale, or a scale of 0, are no master; the largest fader takes its place.
    if channel.split or not master:
        master = max(faders.values(), key=abs)
    weights = {each: fader / master for each, fader in faders.items()} if master else None
    return replace(
        channel,
        layers=tuple(sorted(faders)),
        weights=weights,
        scale=stored_scale(channel, master),
        split=False,
    )


def shape_name(channel: Channel, n_layers: int) -> str:
    """The name of the shape that the channel's weights follow, or `drawn` for a free drawing."""
    return name_shape(channel.weights, layers_of(channel, n_layers))


def apply_shape(channel: Channel, n_layers: int, name: str) -> Channel:
    """The same band and master scale with the weights of another shape."""
    weights = None if name == "flat" else shape_weights(name, layers_of(channel, n_layers))
    return replace(channel, weights=weights)


def next_shape(channel: Channel, n_layers: int) -> Channel:
    """The channel with the next shape of `SHAPES`."""
    names = list(SHAPES)
    now = shape_name(channel, n_layers)
    following = names[(names.index(now) + 1) % len(names)] if now in names else names[0]
    return apply_shape(channel, n_layers, following)


def grow_band(channel: Channel, n_layers: int, change: int) -> Channel:
    """The band `change` layers wider at both ends; never empty and never outside the model."""
    band = layers_of(channel, n_layers)
    first, last = band[0] - change, band[-1] + change
    layers = tuple(
        layer for layer in range(max(first, 0), min(last, n_layers - 1) + 1) if _has_layer(channel, layer)
    )
    if not layers:
        return channel
    return _keep_shape(replace(channel, layers=layers), n_layers, shape_name(channel, n_layers))


def _has_layer(channel: Channel, layer: int) -> bool:
    return layer in channel.vector.directions


def _keep_shape(channel: Channel, n_layers: int, name: str) -> Channel:
    """Apply a named shape to the new band; layers that a free drawing does not have stay at 0."""
    return apply_shape(channel, n_layers, name) if name in SHAPES else channel


def convert_unit(channel: Channel, n_layers: int, unit: str, residual: Mapping[int, float]) -> Channel:
    """The same push in another unit. Norms differ between layers, so the weights absorb the difference."""
    # The flip is left out on both sides, since the stored scale is converted.
    old = {
        layer: level.push
        for layer, level in channel_effects(
            replace(channel, flipped=False), n_layers, lambda: residual
        ).items()
    }
    ones = replace(channel, flipped=False, unit=unit, scale=1.0, split=False, weights=None, half_life=None)
    # The push of a scale of 1 in the new unit, layer by layer.
    worth = {layer: level.push for layer, level in channel_effects(ones, n_layers, lambda: residual).items()}
    faders = {layer: push / worth[layer] for layer, push in old.items()}
    master = max(faders.values(), key=abs, default=0.0)
    weights = {layer: fader / master for layer, fader in faders.items()} if master else channel.weights
    return replace(channel, unit=unit, scale=master, weights=weights, split=channel.split and not master)
