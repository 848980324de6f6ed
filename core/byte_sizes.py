"""How a number of bytes is written."""

from __future__ import annotations

UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def format_bytes(count: float) -> str:
    """Bytes in decimal units with three significant digits, as model hubs write them: 999 B, 5.24 MB."""
    size, step = float(count), 0
    # Compared as it will be written: 999.6 is written as 1000, which belongs to the next unit.
    while float(f"{size:.3g}") >= 1000 and step < len(UNITS) - 1:
        size, step = size / 1000, step + 1
    return f"{size:.3g} {UNITS[step]}"
