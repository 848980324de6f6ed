"""Numbers that come from outside, checked before they reach a forward pass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import SupportsFloat

from core.errors import UsageError


def finite_number(what: str, value: SupportsFloat | str) -> float:
    """The value as a finite number; raises for NaN, infinities and text."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{what} must be a finite number, not {value!r}")
    return number


def numbers_by_layer(what: str, numbers: Mapping[int, SupportsFloat | str]) -> dict[int, float]:
    """One finite number for each layer; raises where there is none, or a layer is negative."""
    found = {int(layer): finite_number(what, value) for layer, value in numbers.items()}
    if not found or min(found) < 0:
        raise UsageError(f"{what} by layer needs at least one layer, counted from 0")
    return found
