"""A grid of numbers as a heat map from cool to warm, readable without the colours."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.text import Text
from textual.color import Color

from steertui.text import safe_text
from steertui.widgets.bars import fit_text

NAME = 18
SQUARE = 7
STRENGTH = 0.75
"""Share of the full colour for the largest value, so that its number stays readable."""


def draw_grid(cells: Mapping[tuple[str, str], float], colours: Mapping[str, str]) -> list[Text]:
    """The grid as lines, rows and columns in order of appearance; missing cells are blank."""
    rows = {row: safe_text(row) for row, _ in cells}
    columns = _short_names({column: safe_text(column) for _, column in cells})
    # A grid of zeros must not divide by zero.
    reach = max(map(abs, cells.values()), default=0.0) or 1.0
    margin = margin_of(cells) - 1
    wide = max(SQUARE, min(NAME, max(map(cell_len, columns.values()), default=0)) + 1)
    head = "".join(fit_text(words, wide - 1, right=True) + " " for words in columns.values())
    lines = [Text(" " * (margin + 1) + head, style="dim")]
    for row, words in rows.items():
        line = Text.assemble((fit_text(words, margin, right=True) + " ", "dim"))
        for column in columns:
            line.append_text(_draw_cell(cells.get((row, column)), reach, wide, colours))
        lines.append(line)
    return lines


def margin_of(cells: Mapping[tuple[str, str], float]) -> int:
    """The width of the row names."""
    return min(NAME, max((cell_len(safe_text(row)) for row, _ in cells), default=0)) + 1


def _short_names(names: Mapping[str, str]) -> dict[str, str]:
    """The last part of dotted names, unless two names would become equal."""
    last = {name: words.rpartition(".")[2] or words for name, words in names.items()}
    return last if len(set(last.values())) == len(last) else dict(names)


def _draw_cell(value: float | None, reach: float, wide: int, colours: Mapping[str, str]) -> Text:
    if value is None:
        return Text(" " * wide)
    warm = colours["heat-warm" if value > 0 else "heat-cool"]
    strength = min(abs(value) / reach, 1.0) * STRENGTH
    tint = Color.parse(colours["background"]).blend(Color.parse(warm), strength)
    return Text(fit_text(_cell_text(value, reach), wide - 1, right=True) + " ", style=f"on {tint.hex6}")


def _cell_text(value: float, reach: float) -> str:
    """A number with as many digits as the largest value needs."""
    if not 0.01 <= reach < 10_000:
        text = f"{value:+.1e}"
    else:
        text = f"{value:+.{2 if reach < 10 else 1 if reach < 100 else 0}f}"
    return text.replace("-", "−") if float(text) else text[1:]
