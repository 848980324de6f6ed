"""Numbers that come from outside, checked before they reach a forward pass."""

from __future__ import annotations

import math
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
