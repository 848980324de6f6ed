"""Finds what changed between two states of a mixer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from sessions.state.channel_words import State
from sessions.state.layer_shapes import DRAWN, name_shape, spread_scale
from sessions.state.mixer_words import (
    MIXER,
    Change,
    describe_changes,
    label_channels,
    layer_weights,
    numbered_layers,
)

SWITCHES = ("muted", "solo")
STRENGTH = ("scale", "unit", "split", "layers", "weights")
"""Settings that only together say how strongly each layer is pushed; one edit often changes several."""
ORDER = (*SWITCHES, "flipped", "scale", "layer", "gain", "cap", "layers", "split", "shape")
WORDED = {*SWITCHES, *STRENGTH, "flipped", "gain", "floor", "ceiling", "name"}


def describe_change(before: State, after: State) -> str:
    """The text of the marker for a change from `before` to `after`."""
    return describe_changes(mixer_changes(before, after))


def mixer_changes(before: State, after: State) -> tuple[Change, ...]:
    """The changes of the whole mixer first, then channels that went and came, then those that stayed."""
    return tuple(_mixer_changes(before, after))


def _mixer_changes(before: State, after: State) -> Iterator[Change]:
    for key in ("bypassed", "keep_norm"):
        if bool(before.get(key)) != bool(after.get(key)):
            yield Change(key, MIXER, before, after)
    old, new = label_channels(before), label_channels(after)
    yield from (Change("removed", name, old[name], {}) for name in old if name not in new)
    yield from (Change("added", name, {}, new[name]) for name in new if name not in old)
    for name in new:
        if name in old and old[name] != new[name]:
            yield from _channel_changes(name, old[name], new[name])


def _channel_changes(name: str, before: State, after: State) -> Iterator[Change]:
    def changed(*keys: str) -> bool:
        return any(_value(before, key) != _value(after, key) for key in keys)

    flipped = changed("flipped")
    kinds = ["flipped"] if flipped else []
    kinds += [key for key in SWITCHES if changed(key)]
    layer = _redrawn_layer(before, after) if changed("weights") else None
    # A flip is shown with the new scale and cap, so these are not repeated.
    kinds += [kind for kind in _strength_kinds(before, after, layer) if not (flipped and kind == "scale")]
    kinds += ["gain"] if changed("gain") else []
    kinds += ["cap"] if changed("floor", "ceiling") and not flipped else []
    # A setting at its default may be left out on either side.
    kinds += [key for key in {**before, **after} if key not in WORDED and changed(key)]
    # The sort is stable, so kinds without a fixed place keep the order of the channel's settings.
    kinds.sort(key=lambda kind: ORDER.index(kind) if kind in ORDER else len(ORDER))
    yield from (Change(kind, name, before, after, layer if kind == "layer" else None) for kind in kinds)


def _strength_kinds(before: State, after: State, layer: int | None) -> list[str]:
    def changed(key: str) -> bool:
        return _value(before, key) != _value(after, key)

    if layer is not None:
        return ["layer"]
    kinds = ["scale"] if changed("scale") or changed("unit") else []
    kinds += ["layers"] if changed("layers") else []
    if changed("unit"):  # weights and split absorb that norms differ between layers
        return kinds
    kinds += ["split"] if changed("split") else []
    old, new = (name_shape(layer_weights(channel)) for channel in (before, after))
    return [*kinds, "shape"] if changed("weights") and (old != new or new == DRAWN) else kinds


def _redrawn_layer(before: State, after: State) -> int | None:
    """The only layer whose scale changed; None if there are more, or if another shape was chosen."""
    if _value(before, "unit") != _value(after, "unit"):
        return None
    old_name, new_name = (name_shape(layer_weights(channel)) for channel in (before, after))
    same = all(_value(before, key) == _value(after, key) for key in ("scale", "layers", "split"))
    # A change to another named shape is worded as the shape, even if only one layer differs.
    if same and new_name not in (old_name, DRAWN):
        return None
    # Without explicit layers, those with weights are compared.
    old_band, new_band = (numbered_layers(channel.get("layers")) for channel in (before, after))
    band = old_band or new_band or layer_weights(after) or layer_weights(before) or ()
    old = _scales(before, band)
    new = _scales(after, new_band or band)
    changed = [
        layer
        for layer in {**old, **new}
        if not math.isclose(old.get(layer, 0.0), new.get(layer, 0.0), abs_tol=1e-9)
    ]
    return changed[0] if len(changed) == 1 else None


def _scales(channel: State, band: Any) -> dict[int, float]:
    scale, split = float(_value(channel, "scale") or 0.0), bool(channel.get("split"))
    return spread_scale(scale, layer_weights(channel), band, split=split)


def _value(channel: State, key: str) -> Any:
    """A setting in a form that compares equal where it means the same."""
    if key == "weights":
        return layer_weights(channel)
    value = channel.get(key)
    # The order of the layers in a band has no meaning.
    if key == "layers" and value and not isinstance(value, str):
        return sorted(value)
    # A switch that is off may be stored as False or left out.
    return None if value is False else value
