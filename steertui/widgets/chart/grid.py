"""A grid of numbers: each in its square, coloured from cool to warm, readable without the colour."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.text import Text
from textual.color import Color

from steertui.text import safe_text
from steertui.widgets.bars import fitted

NAME = 18
SQUARE = 7
STRENGTH = 0.75
"""Share of the full colour that the largest value gets: the number has to stay readable on it."""


def grid(cells: Mapping[tuple[str, str], float], colours: Mapping[str, str]) -> list[Text]:
    """A row per row with its columns in the order in which they came; a square nobody filled is blank."""
    rows = list(dict.fromkeys(row for row, _ in cells))
    columns = list(dict.fromkeys(column for _, column in cells))
    reach = max(map(abs, cells.values()), default=0.0) or 1.0
    margin = min(NAME, max((cell_len(safe_text(row)) for row in rows), default=0))
    wide = max(SQUARE, min(NAME, max((cell_len(safe_text(column)) for column in columns), default=0)) + 1)
    head = "".join(fitted(safe_text(column), wide - 1, right=True) + " " for column in columns)
    lines = [Text(" " * margin + head, style="dim")]
    for row in rows:
        line = Text(fitted(safe_text(row), margin, right=True), style="dim")
        for column in columns:
            line.append_text(_square(cells.get((row, column)), reach, wide, colours))
        lines.append(line)
    return lines


def _square(value: float | None, reach: float, wide: int, colours: Mapping[str, str]) -> Text:
    if value is None:
        return Text(" " * wide)
    warm = colours["heat-warm" if value > 0 else "heat-cool"]
    strength = min(abs(value) / reach, 1.0) * STRENGTH
    tint = Color.parse(colours["background"]).blend(Color.parse(warm), strength)
    words = f"{value:+.3g}" if abs(value) < 1000 else f"{value:+.0e}"
    return Text(f"{words.replace('-', '−'):>{wide - 1}} ", style=f"on {tint.hex6}")
