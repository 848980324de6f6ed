"""Bars and text cut to a number of cells. Shapes carry the meaning, so they work without colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from steertui.text import MAX_MARKS
from steertui.widgets import glyphs


def scale_bar(value: float, reach: float, width: int) -> tuple[str, str, str, str]:
    """A horizontal scale bar with zero in its middle cell: groove, fill left of zero, fill right of zero,
    groove.

    The four parts join to `width` cells, so that the fills can have a style of their own.
    """
    half = (width - 1) // 2
    filled = min(round(abs(value) / reach * half), half)
    # Only zero itself may look like zero.
    if filled == 0 and value:
        filled = 1
    left, right = (filled, 0) if value < 0 else (0, filled)
    right_room = width - 1 - half
    pen = glyphs.current_glyphs()
    return (
        pen.groove * (half - left),
        pen.fill * left + pen.zero,
        pen.fill * right,
        pen.groove * (right_room - right),
    )


def fader_column(value: float, reach: float, rows: int) -> list[tuple[str, bool]]:
    """The cells of one vertical fader from zero outwards: (eighth block, whether it is drawn in reverse).

    Below zero a block has to hang from its upper edge, so its complement is drawn in reverse video.
    """
    # Computed in eighths of a cell, the finest step of the block characters.
    eighths = round(min(abs(value) / reach, 1.0) * rows * 8)
    if value and not eighths:
        eighths = 1
    pen, cells = glyphs.current_glyphs(), []
    for row in range(rows):
        level = max(0, min(8, eighths - row * 8))
        hangs = pen.hangs and value < 0 and level > 0
        cells.append((pen.eighths[8 - level] if hangs else pen.eighths[level], hangs))
    return cells


def draw_sparkline(
    values: Sequence[float], width: int, low: float | None = None, high: float | None = None
) -> str:
    """The newest `width` values as eighth blocks; constant values lie at the bottom."""
    shown = list(values[-width:])
    if not shown:
        return ""
    bottom = min(shown) if low is None else low
    top = max(shown) if high is None else high
    # Constant values would divide by zero.
    reach = (top - bottom) or 1.0
    levels = (round(max(0.0, min(1.0, (value - bottom) / reach)) * 7) for value in shown)
    # The first glyph is a blank, so the lowest value starts at the second.
    return "".join(glyphs.current_glyphs().eighths[1 + level] for level in levels)


def progress_bar(done: float, total: float, width: int) -> tuple[str, str]:
    """The full and the empty part of a progress bar of `width` cells; completely filled only when done."""
    full = max(0, min(int(width * done / total), width)) if total > 0 else 0
    pen = glyphs.current_glyphs()
    return pen.full * full, pen.empty * (width - full)


def clip_text(text: str, width: int) -> str:
    """Cut plain text to `width` cells with an ellipsis. The text must be sanitised already."""
    text = text[: _enough(width)]
    if cell_len(text) <= width:
        return text
    # A wide character at the cut becomes a blank, which is stripped before the ellipsis.
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…" if width > 0 else ""


def join_fitting(parts: Iterable[str], width: int, gap: str = "  ") -> str:
    """Join the parts that fit, in order. A part is never cut, because half a number would mislead."""
    said = ""
    for part in parts:
        longer = f"{said}{gap}{part}" if said else part
        if cell_len(longer) <= width:
            said = longer
    return said


def clip_middle(text: str, width: int) -> str:
    """Cut text to `width` cells in the middle, since similar names differ at their ends."""
    if width < 5:
        return clip_text(text, width)
    if len(text) > 2 * (enough := _enough(width)):
        text = text[:enough] + text[-enough:]
    if cell_len(text) <= width:
        return text
    head = (width - 1) // 3
    # `set_cell_size` cuts at the end, so the tail is cut from the reversed text.
    tail = set_cell_size(text[::-1], width - 1 - head)[::-1]
    return set_cell_size(text, head) + "…" + tail


def _enough(width: int) -> int:
    """So many characters of sanitised text are wider than `width` cells: a cell has at most `MAX_MARKS` marks.

    Long text is cut here before it is measured, because widgets measure it again in every frame.
    """
    return (1 + MAX_MARKS) * (max(width, 0) + 1)


def fit_text(text: str, width: int, *, right: bool = False) -> str:
    """Text of exactly `width` cells: clipped, or padded (on the left with `right=True`)."""
    text = clip_text(text, width)
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks
