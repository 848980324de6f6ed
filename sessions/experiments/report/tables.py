"""Rows as tables that are readable as plain text and as Markdown; an interval follows its number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

LONG = ("answers",)

Rows = Sequence[Mapping[str, Any]]


def is_long(table: str) -> bool:
    """Whether a table has one row per answer, and so is left out of the report."""
    return table.rpartition(": ")[2] in LONG


def group_rows(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The rows grouped by table, in order of first occurrence."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(str(row["table"]), []).append(row)
    return found


def markdown_table(rows: Rows, columns: Sequence[str] | None = None) -> Iterator[str]:
    """A Markdown table, padded to be readable as plain text; of these columns, or of all that are filled."""
    header = filled_columns(rows) if columns is None else columns
    lines = [header, *([format_entry(row, name) for name in header] for row in rows)]
    widths = [_column_width(rows, name) for name in header]
    yield _table_line(header, widths)
    yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    yield from (_table_line(line, widths) for line in lines[1:])


def fitting_tables(rows: Rows, width: int) -> Iterator[str]:
    """The same as tables no wider than `width` where they can be; each begins with the columns of words."""
    columns = filled_columns(rows)
    numbers = next((n for n, name in enumerate(columns) if not _is_words(rows, name)), len(columns))
    labels, part = columns[:numbers], list[str]()
    for name in columns[numbers:]:
        # A column takes three characters beside its own, the table one more.
        if part and 1 + sum(3 + _column_width(rows, each) for each in (*labels, *part, name)) > width:
            yield from (*markdown_table(rows, [*labels, *part]), "")
            part = []
        part.append(name)
    yield from markdown_table(rows, [*labels, *part])


def _column_width(rows: Rows, name: str) -> int:
    return max(len(name), *(len(format_entry(row, name)) for row in rows))


def _is_words(rows: Rows, name: str) -> bool:
    return all(isinstance(row.get(name), str | None) for row in rows)


def filled_columns(rows: Rows) -> list[str]:
    """Columns that have a value in some row; interval bounds are shown with their number."""
    filled = {name for row in rows for name, value in row.items() if value is not None} - {"table", "key"}
    names = dict.fromkeys(name for row in rows for name in row if name in filled)
    bounds = {f"{name}_{side}" for name in names for side in ("lo", "hi")}
    return [name for name in names if name not in bounds]


def format_entry(row: Mapping[str, Any], name: str) -> str:
    low, high = row.get(f"{name}_lo"), row.get(f"{name}_hi")
    span = f" [{format_cell(low)}, {format_cell(high)}]" if low is not None and high is not None else ""
    return format_cell(row.get(name)) + span


def format_cell(value: Any) -> str:
    """A value as readable text; a missing value is a dash, never 0."""
    if value is None:
        return "–"
    # Before the numbers, because a bool is an int.
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        # Rounding errors are shown as 0, not as 1e−17.
        return "0" if abs(value) < 1e-12 else f"{value:.3g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {format_cell(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return " … ".join(map(format_cell, value))
    return " ".join(str(value).split()).replace("|", "\\|")


def _table_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(text.ljust(width) for text, width in zip(cells, widths, strict=True)) + " |"
