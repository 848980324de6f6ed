"""Formats values of tables and summaries: short numbers, intervals, nested mappings."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.mixer.layer_ranges import write_layers
from steertui.text import safe_text

_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
LONG = 6
"""A cell with more numbers than this shows only their count."""


def flatten_cells(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Flatten nested mappings: `{a: {b: 1}}` becomes a cell named `a.b`."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", each) for inner, each in value.items())
        else:
            yield str(name), value


def format_value(value: Any, *, whole: bool = True) -> str:
    """A value as text for a table; None is a dash. With `whole=False`, 1 is written 1.000."""
    if value is None:
        return "–"
    # Tested before numbers, because a bool is an int in Python.
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return format_number(value, whole=whole)
    if isinstance(value, list | tuple):
        return _format_list(list(value))
    if isinstance(value, Mapping):
        return f"{len(value)} entries"
    return safe_text(_DIGEST.sub(r"\1…", str(value)))


def format_number(value: float, *, whole: bool = True) -> str:
    """A number with three decimals, a small one with two digits; whole numbers without decimals."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "–"
    if whole and value == int(value) and abs(value) < 1e9:
        text = f"{value:.0f}"
    else:
        small = 0 < abs(value) < 0.01
        text = f"{value:.2g}" if small else f"{value:.3f}" if abs(value) < 1000 else f"{value:.4g}"
    return text.replace("-", "−")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def parse_interval(value: Any) -> tuple[float, float] | None:
    """(low, high) if the value is an ordered pair of numbers."""
    if isinstance(value, list | tuple) and len(value) == 2 and all(map(is_number, value)):
        low, high = value
        return (low, high) if low <= high else None
    return None


def _format_list(values: Sequence[Any]) -> str:
    span = parse_interval(values)
    # A pair of whole numbers may be two layers; an interval has fractions.
    if span and not all(isinstance(value, int) for value in values):
        return f"{format_number(span[0], whole=False)} … {format_number(span[1], whole=False)}"
    if (
        values
        # `type`, since `isinstance` would take a bool for a layer.
        and all(type(value) is int and value >= 0 for value in values)
        and values == sorted(set(values))
    ):
        return write_layers(tuple(values))
    if len(values) > LONG:
        return f"{len(values)} values"
    return ",".join(map(format_value, values))
