"""A job's table as text lines: one column per field, numbers right-aligned, keys first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from steertui.screens.jobs.results.figures import flatten_cells, format_value, is_number, parse_interval
from steertui.text import safe_text
from steertui.widgets.bars import clip_middle, fit_text
from steertui.widgets.chart.curves import ChartCurve, CurvePoint

WIDEST = 36
"""Width of the widest column; longer texts are cut in the middle."""
SUFFIXES = ("_ci", "_interval", ".ci", ".interval")
"""Suffixes of columns that hold the interval of another column."""
BOUNDS = ("lo", "hi")
Rows = Mapping[str, Mapping[str, Any]]


def render_table(rows: Rows, colours: Mapping[str, str]) -> list[Text]:
    """The header and one line per row."""
    rows = _without_repeats(_joined_rows(rows))
    numeric, broken = _numeric_columns(rows), _fractional_columns(rows)
    cells = {
        key: {name: format_value(value, whole=name not in broken) for name, value in flatten_cells(values)}
        for key, values in rows.items()
    }
    columns = list(dict.fromkeys(name for row in cells.values() for name in row))
    widths = {name: _width(name, [row.get(name, "") for row in cells.values()]) for name in columns}
    margin = margin_of(rows)
    head = " " * margin + "".join(
        "  " + fit_text(safe_text(name), widths[name], right=name in numeric) for name in columns
    )
    lines = [Text(head, style="dim")]
    for key, row in cells.items():
        words = clip_middle(safe_text(str(key)), margin)
        counts = _key_number(key) is not None
        words = words.replace("-", "−") if counts else words
        line = Text(fit_text(words, margin, right=counts), style=colours["accent"])
        for name in columns:
            cell = fit_text(clip_middle(row.get(name, ""), widths[name]), widths[name], right=name in numeric)
            line.append(f"  {cell}", style="none")
        lines.append(line)
    return lines


def margin_of(rows: Rows) -> int:
    """The width of the key column."""
    return _width("", [safe_text(str(key)) for key in rows])


def drawable_columns(rows: Rows) -> list[str]:
    """Columns that can be plotted over numeric row keys; those with an interval first."""
    if len(rows) < 3 or any(_key_number(key) is None for key in rows):
        return []
    rows = _joined_rows(rows)
    counts: dict[str, int] = {}
    values: dict[str, set[float]] = {}
    for row in rows.values():
        for name, value in flatten_cells(row):
            if is_number(value):
                counts[name] = counts.get(name, 0) + 1
                values.setdefault(name, set()).add(value)
    # A column that is mostly empty or never changes makes no curve.
    moving = [name for name in counts if counts[name] > len(rows) / 2 and len(values[name]) > 1]
    return sorted(moving, key=lambda name: not any(_interval_of(row, name) for row in rows.values()))


def column_curve(rows: Rows, column: str) -> ChartCurve:
    """A column as a curve over the row keys."""
    dots = []
    for key, row in _joined_rows(rows).items():
        at, value = _key_number(key), dict(flatten_cells(row)).get(column)
        if at is not None and value is not None and is_number(value):
            low, high = _interval_of(row, column) or (None, None)
            dots.append(CurvePoint(at, float(value), low, high))
    return ChartCurve.of(column, dots)


def _joined_rows(rows: Rows) -> dict[str, dict[str, Any]]:
    """Flat rows, with `x_lo` and `x_hi` as one column `x_ci`."""
    return {key: _join_bounds(dict(flatten_cells(values))) for key, values in rows.items()}


def _join_bounds(cells: dict[str, Any]) -> dict[str, Any]:
    joined = {}
    for name, value in cells.items():
        stem, _, side = name.rpartition("_")
        if side in BOUNDS and all(f"{stem}_{each}" in cells for each in BOUNDS):
            low, high = (cells[f"{stem}_{each}"] for each in BOUNDS)
            joined[f"{stem}_ci"] = None if low is None or high is None else [float(low), float(high)]
        else:
            joined[name] = value
    return joined


def _without_repeats(rows: Rows) -> Rows:
    """Without the columns of words that stand in the name of every row already."""
    names = {name for row in rows.values() for name in row}
    said = {
        name
        for name in names
        if all(isinstance(word := row.get(name), str) and word and word in key for key, row in rows.items())
    }
    kept = {key: {name: cell for name, cell in row.items() if name not in said} for key, row in rows.items()}
    # A table of nothing but words keeps them.
    return kept if names - said else rows


def _interval_of(row: Mapping[str, Any], column: str) -> tuple[float, float] | None:
    known = dict(flatten_cells(row))
    return next((span for suffix in SUFFIXES if (span := parse_interval(known.get(column + suffix)))), None)


def _numeric_columns(rows: Rows) -> set[str]:
    """Columns that hold numbers."""
    return {
        name
        for row in rows.values()
        for name, value in flatten_cells(row)
        if is_number(value) or value is None or parse_interval(value)
    }


def _fractional_columns(rows: Rows) -> set[str]:
    """Columns with a fractional number, in which all numbers are written with decimals."""
    values = ((name, value) for row in rows.values() for name, value in flatten_cells(row))
    return {name for name, value in values if is_number(value) and value != int(value)}


def _width(name: str, texts: list[str]) -> int:
    return min(WIDEST, max(map(cell_len, [safe_text(name), *texts])))


def _key_number(key: object) -> float | None:
    """The row key as a number, e.g. a layer or a dose; None if it is not one."""
    try:
        found = float(str(key).replace("−", "-"))
    except ValueError:
        return None
    return found if math.isfinite(found) else None
