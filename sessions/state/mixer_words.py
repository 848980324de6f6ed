"""Mixer states as text: the short hash that tokens are stamped with, and descriptions of states and changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

State = Mapping[str, Any]

PLAIN = ("scale", "gain", "floor", "ceiling", "unit", "scope", "half_life")
SWITCHES = {
    "muted": ("mute", "unmute"),
    "solo": ("solo", "solo off"),
    "split": ("split", "split off"),
    "flipped": ("FLIP", "FLIP"),
}


def mix_hash(state: State) -> str:
    """The first twelve hex digits of the state's SHA-256; equal states have equal hashes."""
    canonical = json.dumps(state, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def describe_change(before: State, after: State) -> str:
    """The marker text for a change from `before` to `after`, in channel order."""
    said = [_switch_words("BYPASS", "bypass off", before, after, "bypassed")]
    said += [_switch_words("keep norm", "keep norm off", before, after, "keep_norm")]
    old, new = _label_channels(before), _label_channels(after)
    said += [f"− {name}" for name in old if name not in new]
    said += [f"+ {_channel_words(name, channel)}" for name, channel in new.items() if name not in old]
    said += [_change_words(name, old[name], channel) for name, channel in new.items() if name in old]
    return " · ".join(filter(None, said)) or "no change"


def mixer_summary(state: State) -> str:
    """A description of a whole mixer for the start of an answer; empty for a mixer without effect."""
    channels = [_channel_words(name, channel) for name, channel in _label_channels(state).items()]
    return " · ".join(["BYPASS", *channels] if state.get("bypassed") and channels else channels)


def layer_words(layers: list[int] | tuple[int, ...] | None) -> str:
    """Layers as compact text: L3–8, L5, L3–8,12."""
    if not layers:
        return "default band"
    runs: list[list[int]] = []
    for layer in sorted(layers):
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return "L" + ",".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _label_channels(state: State) -> dict[str, State]:
    """Channels by label; a second channel with the same label gets a number."""
    named: dict[str, State] = {}
    for channel in state.get("channels", ()):
        label = str(channel.get("name", "vector"))
        named[label if label not in named else f"{label} ({len(named) + 1})"] = channel
    return named


def _channel_words(name: str, channel: State) -> str:
    channel = _unflipped(channel)
    dose = f"{_format_value(channel.get('scale', 0.0))} {channel.get('unit', 'relative')}"
    rest = [
        f"{key} {_format_value(channel[key])}"
        for key in ("gain", "floor", "ceiling")
        if channel.get(key) is not None
    ]
    rest += [on.lower() for key, (on, _) in SWITCHES.items() if channel.get(key)]
    return " ".join([name, dose, layer_words(channel.get("layers")), *rest])


def _change_words(name: str, before: State, after: State) -> str:
    said = [
        _switch_words(f"{on} {name}", f"{off} {name}", before, after, key)
        for key, (on, off) in SWITCHES.items()
    ]
    was, now = _unflipped(before), _unflipped(after)
    said += [
        f"{name} {key.replace('_', '-')} {_format_value(was.get(key))} → {_format_value(now.get(key))}"
        for key in PLAIN
        if before.get(key) != after.get(key)
    ]
    if list(before.get("layers") or ()) != list(after.get("layers") or ()):
        said.append(f"{name} {layer_words(after.get('layers'))}")
    if before.get("weights") != after.get("weights"):
        said.append(f"{name} shape")
    return " · ".join(filter(None, said))


def _unflipped(channel: State) -> State:
    """The channel relative to the vector as loaded: flipping negates the scale and swaps floor and ceiling."""
    if not channel.get("flipped"):
        return channel
    bounds = {"floor": _negated(channel.get("ceiling")), "ceiling": _negated(channel.get("floor"))}
    return {**channel, "scale": _negated(channel.get("scale", 0.0)), **bounds}


def _negated(value: Any) -> Any:
    """The negative of a number or percentile; zero stays without a sign."""
    if isinstance(value, str):
        return f"-{value}"
    return 0.0 - value if isinstance(value, float | int) else value


def _switch_words(on: str, off: str, before: State, after: State, key: str) -> str:
    was, now = bool(before.get(key)), bool(after.get(key))
    return "" if was == now else (on if now else off)


def _format_value(value: Any) -> str:
    if value is None:
        return "off"
    return (
        f"{value:+g}"
        if isinstance(value, float | int)
        else ("by layer" if isinstance(value, Mapping) else str(value))
    )
