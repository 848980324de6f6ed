"""Mouse selection: highlight selected text, and copy it without layout characters."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

from steertui.widgets.transcript.layout import LayoutLine
from steertui.widgets.transcript.rows import RowMap


def highlight_span(strip: Strip, span: tuple[int, int] | None, style: Style) -> Strip:
    """The strip with its selected part in another style."""
    if span is None:
        return strip
    start, end = span
    # Textual writes -1 for the end of the line.
    end = len(strip.text) if end == -1 else end
    before, chosen, after = strip.divide(
        [strip.index_to_cell_position(start), strip.index_to_cell_position(end), strip.cell_length]
    )
    return Strip.join([before, chosen.apply_style(style), after])


def copied_text(lines: Sequence[LayoutLine], rows: RowMap, selection: Selection) -> str:
    """The selected text without gutter and marks; a wrapped sentence is copied as one line."""
    out: list[str] = []
    for number, line in enumerate(lines):
        if (span := selection.get_span(rows.row(number))) is None:
            continue
        start, end = span
        shown = line.gutter + line.text
        start, end = max(start, len(line.gutter)), len(shown) if end == -1 else end
        out.append(shown[start:end] + ("" if line.soft else "\n"))
    return "".join(out).removesuffix("\n")
