"""The document as it lies on the screen: folded to a width, with a row or two for every line."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len

from steertui.widgets.transcript import stepper
from steertui.widgets.transcript.document import Document, Item, Marker, Piece
from steertui.widgets.transcript.layout import Layout, Line
from steertui.widgets.transcript.rows import Rows

UNSEEN = 80
"""Cells of a line before there is a screen: text that comes early is folded once more when its width is known."""


class Sheet:
    """`add` costs an item its own lines, `fold` lays everything out again."""

    def __init__(self) -> None:
        self.document = Document()
        self.rows = Rows()
        self._folds = Layout(UNSEEN)

    @property
    def lines(self) -> list[Line]:
        return self._folds.lines

    @property
    def width(self) -> int:
        return self._folds.width

    def add(self, items: Iterable[Item]) -> int:
        """A frame's worth of items; the number of the first line that has changed. The last one has when another
        begins: it loses its cursor.
        """
        before = len(self.lines)
        first = min((self._add(item) for item in items), default=before)
        return first if first < before else max(before - 1, 0)

    def _add(self, item: Item) -> int:
        if isinstance(item, Marker) and not self.document.place(item):
            self.fold(self.width)
            return 0
        if not isinstance(item, Marker):
            self.document.append(item)
        return self._folds.add(item)

    def fold(self, width: int) -> None:
        self._folds = Layout(width)
        self._folds.fold(self.document.items)

    def holds(self, piece: Piece) -> bool:
        """Whether the token is still there; a rewind takes some away."""
        return stepper.place_of(self.document.items, piece) < len(self.document.items)

    def begins_above(self, piece: Piece) -> bool:
        """Whether its first words or spaces are at the end of the line before."""
        above = self.lines[piece.line - 1].runs if 0 < piece.line < len(self.lines) else []
        return bool(above) and above[-1][1] is piece

    def piece_at(self, x: int, row: int) -> Piece | None:
        """The token in that cell of a row, counted behind the gutter."""
        if row >= len(self.rows):
            return None
        for text, owner in self.lines[self.rows.line(row)].runs:
            x -= cell_len(text)
            if x < 0:
                return owner if isinstance(owner, Piece) and owner.index >= 0 else None
        return None

    def forget_strips(self) -> None:
        """Every line has to be drawn again."""
        for line in self.lines:
            line.strip = None
