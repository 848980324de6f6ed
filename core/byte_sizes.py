"""How a number of bytes is written and read."""

from __future__ import annotations

import math
import re

from core.errors import UsageError

UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
WRITTEN = re.compile(r"([0-9.]+)\s*([kMGTPE]?B)?", re.IGNORECASE)


def format_bytes(count: float) -> str:
    """Bytes in decimal units with three significant digits, as model hubs write them: 999 B, 5.24 MB."""
    size, step = float(count), 0
    # Compared as it will be written: 999.6 is written as 1000, which belongs to the next unit.
    while float(f"{size:.3g}") >= 1000 and step < len(UNITS) - 1:
        size, step = size / 1000, step + 1
    return f"{size:.3g} {UNITS[step]}"


def parse_bytes(text: str) -> int:
    """The bytes of a size such as `2GB`, `500 MB` or `0`."""
    found = WRITTEN.fullmatch(text.strip())
    try:
        number = float(found[1]) if found else math.nan
    except ValueError:
        number = math.nan
    if not found or not math.isfinite(number):
        raise UsageError(f"{text!r} is not a size: write it like 2GB or 500MB")
    unit = (found[2] or "B").lower()
    return int(number * 1000 ** [each.lower() for each in UNITS].index(unit))
