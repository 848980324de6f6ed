"""Sends only changed cells on a slow line, by comparing each update with what is on the terminal.

Textual repaints whole regions: a status line costs its full width when one number changes. Here a piece
is cut down to the cells between the first and the last change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from steertui.textual_patches.compositor_updates import ChopsUpdate, CompositorUpdate, LayoutUpdate

Cell = tuple[str, Style | None]
UNKNOWN: Cell = ("\0", None)
WORTH = 16
"""Shorter unchanged stretches are sent again, because a cursor move costs as much."""


@dataclass(frozen=True)
class ScreenPiece:
    """A part of a row, from column `x` on."""

    x: int
    y: int
    strip: Strip


class ChangedPieces(CompositorUpdate):
    """A Textual update that writes separate pieces."""

    def __init__(self, pieces: Iterable[ScreenPiece]) -> None:
        self.pieces = list(pieces)

    def render_segments(self, console: Console) -> str:
        return "".join(
            Control.move_to(piece.x, piece.y).segment.text + piece.strip.render(console)
            for piece in self.pieces
        )


class ScreenDiff:
    """Remembers the cells of the terminal as they were last written."""

    def __init__(self) -> None:
        self._size = Size(0, 0)
        self._rows: list[list[Cell]] = []

    def forget_screen(self) -> None:
        """Forget the cells: another program has written on the terminal."""
        self._size = Size(0, 0)

    def keep_changes(self, update: CompositorUpdate, size: Size) -> CompositorUpdate | None:
        """Reduce an update to the cells that change; None if there are none."""
        # Another kind of update may write anywhere, so the remembered cells no longer hold.
        if not isinstance(update, LayoutUpdate | ChopsUpdate):
            self.forget_screen()
            return update
        if size != self._size:
            self._size = size
            self._rows = [[UNKNOWN] * size.width for _ in range(size.height)]
        kept = [piece for each in _pieces(update) for piece in self._changed(each)]
        return ChangedPieces(kept) if kept else None

    def _changed(self, piece: ScreenPiece) -> Iterator[ScreenPiece]:
        row, stop = self._rows[piece.y], piece.x + piece.strip.cell_length
        new = _cells(piece.strip)
        # A piece that does not fit its row is written whole, and its cells count as unknown.
        if len(new) != piece.strip.cell_length or stop > len(row):
            row[piece.x : stop] = [UNKNOWN] * (min(stop, len(row)) - piece.x)
            yield piece
            return
        old, row[piece.x : stop] = row[piece.x : stop], new
        for first, last in _changed_spans(old, new):
            yield ScreenPiece(piece.x + first, piece.y, piece.strip.crop(first, last))


def _changed_spans(old: list[Cell], new: list[Cell]) -> Iterator[tuple[int, int]]:
    """Start and end of each span of a row that differs from the row last written; wide characters stay whole."""
    found: list[list[int]] = []
    for place, (was, now) in enumerate(zip(old, new, strict=True)):
        if was != now and found and place - found[-1][1] < WORTH:
            found[-1][1] = place + 1
        elif was != now:
            found.append([place, place + 1])
    for first, last in found:
        # An empty cell is the second half of a wide character: the span is widened to its whole.
        while new[first][0] == "":
            first -= 1
        while last < len(new) and new[last][0] == "":
            last += 1
        yield first, last


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[ScreenPiece]:
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield ScreenPiece(x, y, strip)
                x += strip.cell_length
        return
    for y, x1, x2 in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            # Only chops that overlap the changed span.
            if chop is not None and x <= x2 and end > x1:
                yield ScreenPiece(x, y, chop.crop(0, min(end, x2) - x))


def _cells(strip: Strip) -> list[Cell]:
    """The strip cell by cell, without mouse metadata; combining marks join their base character."""
    cells: list[Cell] = []
    for text, style, control in strip.discard_meta():
        for char in "" if control else text:
            width = cell_len(char)
            # A combining mark has no cell of its own.
            if width == 0 and cells:
                cells[-1] = (cells[-1][0] + char, cells[-1][1])
            else:
                cells += [(char, style)] + [("", style)] * (width - 1)
    return cells
