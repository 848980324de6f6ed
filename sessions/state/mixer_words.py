"""Mixer states and their changes as text, and the short hash that tokens are stamped with.

A change is data; `describe_changes` is the only place that words one, whether it was made by a key, undone,
scheduled or played from a record. The words of a recorded change are kept as they were stored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sessions.state.channel_words import (
    State,
    cap_words,
    channel_words,
    layer_words,
    not_in_words,
    scale_words,
)
from sessions.state.layer_shapes import name_shape, spread_scale

MIXER = "mixer"
"""The name of a change that concerns the whole mixer."""


@dataclass(frozen=True)
class Change:
    """One setting `kind` of one channel before and after; both are the channel's settings, empty where there
    was no channel. `layer`: the only layer whose scale changed.
    """

    kind: str
    channel: str
    before: State
    after: State
    layer: int | None = None


def mix_hash(state: State) -> str:
    """The first twelve hex digits of the state's SHA-256; equal states have equal hashes."""
    # Sorted keys and fixed separators: equal states give the same bytes.
    canonical = json.dumps(state, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def mixer_summary(state: State) -> str:
    """A description of a whole mixer for the start of an answer; empty for a mixer without effect."""
    channels = [channel_words(name, channel) for name, channel in label_channels(state).items()]
    return " · ".join(["BYPASS", *channels] if state.get("bypassed") and channels else channels)


def label_channels(state: State) -> dict[str, State]:
    """Channels by label; a second channel with the same label gets a number."""
    named: dict[str, State] = {}
    for channel in state.get("channels", ()):
        label = str(channel.get("name", "vector"))
        named[label if label not in named else f"{label} ({len(named) + 1})"] = channel
    return named


def describe_changes(changes: Iterable[Change]) -> str:
    """The text of a marker."""
    return " · ".join(map(_change_words, changes)) or "no change"


def short_words(words: str, changes: tuple[Change, ...]) -> str:
    """Only the new values, for a marker that follows another one closely; empty for a flip, which is always
    shown in full. Words that somebody else chose stay whole.
    """
    if any(change.kind == "flipped" for change in changes):
        return ""
    ours = bool(changes) and words.endswith(describe_changes(changes))
    return " · ".join(map(new_value, changes)) if ours else words


def new_value(change: Change) -> str:
    """What the setting is now: `+0.35 rel`, `muted`, `cap ≥ p25`."""
    worded = VALUES.get(change.kind)
    if worded is not None:
        return worded(change.after)
    if change.layer is not None:
        # If a single layer changed, its own scale says more than the channel's.
        scales = _layer_scales(change.after)
        return scale_words(scales.get(change.layer, 0.0), change.after.get("unit", "relative"))
    if change.kind in ("added", "removed"):
        return _change_words(change)
    value = change.after.get(change.kind)
    return f"{change.kind.replace('_', '-')} {'off' if value is None else value}"


def _change_words(change: Change) -> str:
    if change.kind == "added":
        return f"+ {channel_words(change.channel, change.after)}"
    if change.kind == "removed":
        return f"− {change.channel}"
    sign = "FLIP " if change.kind == "flipped" else ""
    layer = "" if change.layer is None else f" L{change.layer}"
    return f"{sign}{change.channel}{layer} → {new_value(change)}"


def _scale(channel: State) -> str:
    scale = channel.get("scale", 0.0)
    # Shown along the vector as loaded, so a flip negates the scale.
    return scale_words(-scale if channel.get("flipped") else scale, channel.get("unit", "relative"))


def _cap(channel: State) -> str:
    flipped = bool(channel.get("flipped"))
    return f"cap {cap_words(channel.get('floor'), channel.get('ceiling'), flipped=flipped) or 'off'}"


def _flipped(channel: State) -> str:
    capped = channel.get("floor") is not None or channel.get("ceiling") is not None
    return f"{_scale(channel)}, {_cap(channel)}" if capped else _scale(channel)


def _gain(channel: State) -> str:
    gain = channel.get("gain")
    return "gain off" if gain is None else f"gain ×{gain:g}"


def _layer_scales(channel: State) -> dict[int, float]:
    weights = layer_weights(channel)
    scale = channel.get("scale", 0.0)
    band = numbered_layers(channel.get("layers")) or weights or ()
    shown = -scale if channel.get("flipped") else scale
    return spread_scale(shown, weights, band, split=bool(channel.get("split")))


def numbered_layers(layers: Any) -> Any:
    """Layers that are numbers; shares and `all` are layers only where the model is known."""
    return () if isinstance(layers, str) else layers


def layer_weights(channel: State) -> dict[int, float] | None:
    """The weights of a channel by layer; JSON turned the layer numbers into strings."""
    weights = channel.get("weights")
    return None if weights is None else {int(layer): float(share) for layer, share in weights.items()}


def _switch(key: str, on: str, off: str) -> Callable[[State], str]:
    return lambda channel: on if channel.get(key) else off


VALUES: Mapping[str, Callable[[State], str]] = {
    "bypassed": _switch("bypassed", "BYPASS", "back in"),
    "keep_norm": _switch("keep_norm", "keep norm", "keep norm off"),
    "preset": lambda mixer: str(mixer["preset"]),
    "flipped": _flipped,
    "muted": _switch("muted", "muted", "unmuted"),
    "solo": _switch("solo", "solo", "solo off"),
    "split": _switch("split", "split", "split off"),
    "scale": _scale,
    "gain": _gain,
    "cap": _cap,
    "layers": lambda channel: layer_words(channel.get("layers")),
    "shape": lambda channel: name_shape(layer_weights(channel)),
    "not_in": lambda channel: not_in_words(channel) or "in tool calls too",
    "sha256": lambda channel: "another vector",
}
"""The new value in words, by kind of change."""
