"""One channel of a mixer as text: its scale, layers, gain and cap, along the vector as loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

State: TypeAlias = Mapping[str, Any]

SHORT_UNIT = {"relative": "rel", "natural": "natural", "unit": "unit", "raw": "raw"}
SWITCHED_ON = {"muted": "mute", "solo": "solo", "split": "split", "flipped": "flip"}


def format_signed(value: float, digits: int = 2) -> str:
    """+0.30, −0.30 or 0.00, with a true minus sign."""
    text = f"{abs(value):.{digits}f}"
    # A value that rounds to zero has no sign.
    if float(text) == 0:
        return text
    return ("−" if value < 0 else "+") + text


def format_plain(value: object) -> str:
    """A number in its shortest form, with a true minus sign."""
    return f"{value:g}".replace("-", "−") if isinstance(value, float) else str(value)


def scale_words(value: float, unit: str) -> str:
    """A scale with its unit: `+0.35 rel`. A value that two digits would distort has three significant ones."""
    text = format_signed(value)
    if abs(abs(value) - abs(float(text.replace("−", "-")))) > 0.005 * abs(value):
        text = ("−" if value < 0 else "+") + f"{abs(value):.3g}"
    return f"{text} {SHORT_UNIT.get(unit, unit)}"


def cap_words(floor: Any, ceiling: Any, *, flipped: bool = False) -> str:
    """≥ 3, ≤ p75, or both; empty without a cap. A flipped channel shows mirrored bounds."""
    if flipped:
        # Negation turns a lower bound into an upper one.
        floor, ceiling = _mirrored(ceiling), _mirrored(floor)
    sides = (("≥", _bound_words(floor)), ("≤", _bound_words(ceiling)))
    return " ".join(f"{sign} {text}" for sign, text in sides if text)


def layer_words(layers: Iterable[int] | str | None) -> str:
    """Layers as compact text: L3–8, L5, L3–8,12; shares of the depth stay as they were written."""
    if not layers:
        return "default band"
    if isinstance(layers, str):
        return "all layers" if layers == "all" else f"L{layers}"
    runs: list[list[int]] = []
    for layer in sorted(layers):
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return "L" + ",".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def channel_words(name: str, channel: State) -> str:
    """A whole channel, as shown at the start of an answer: `loud +1 relative L1–3 ceiling +2 mute`."""
    channel = _unflipped(channel)
    dose = f"{_format_value(channel.get('scale', 0.0))} {channel.get('unit', 'relative')}"
    rest = [
        f"{key} {_format_value(channel[key])}"
        for key in ("gain", "floor", "ceiling")
        if channel.get(key) is not None
    ]
    rest += [on for key, on in SWITCHED_ON.items() if channel.get(key)]
    rest += [not_in_words(channel)] if channel.get("not_in") else []
    return " ".join([name, dose, layer_words(channel.get("layers")), *rest])


def not_in_words(channel: State) -> str:
    """Where a channel does not act, empty where it acts everywhere: `not in tool calls`."""
    return " and ".join(f"not in {part} calls" for part in channel.get("not_in") or ())


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
    # 0.0 - 0.0 is 0.0, whereas -0.0 would be written with a sign.
    return 0.0 - value if isinstance(value, float | int) else value


def _mirrored(bound: Any) -> Any:
    if isinstance(bound, Mapping):
        return {layer: -value for layer, value in bound.items()}
    return f"−{bound}" if isinstance(bound, str) else _negated(bound)


def _bound_words(bound: Any) -> str:
    """A number or percentile as written; per-layer bounds as their lowest and highest value."""
    if not isinstance(bound, Mapping):
        return "" if bound is None else format_plain(bound)
    low, high = (format_plain(float(f"{value:.3g}")) for value in (min(bound.values()), max(bound.values())))
    return low if low == high else f"{low}…{high}"


def _format_value(value: Any) -> str:
    if isinstance(value, float | int):
        return f"{value:+g}"
    return "by layer" if isinstance(value, Mapping) else str(value)
