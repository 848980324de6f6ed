"""A transcript document together with its wrapped lines and screen rows."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len

from steertui.widgets.transcript import stepper
from steertui.widgets.transcript.document import Item, TextPiece, TranscriptDocument, TranscriptMarker
from steertui.widgets.transcript.layout import LayoutLine, TranscriptLayout
from steertui.widgets.transcript.rows import RowMap

UNSEEN = 80
"""Width before the screen's width is known; earlier text is wrapped again then."""


class LaidOutDocument:
    """`add` lays out only the new items, `fold` lays out everything again."""

    def __init__(self) -> None:
        self.document = TranscriptDocument()
        self.rows = RowMap()
        self.folded = False
        self._layout = TranscriptLayout(UNSEEN)

    @property
    def lines(self) -> list[LayoutLine]:
        return self._layout.lines

    @property
    def width(self) -> int:
        return self._layout.width

    def add(self, items: Iterable[Item]) -> int:
        """Add the items of one frame and return the number of the first changed line. When a new line
        begins, the one before counts as changed: it loses its cursor.
        """
        before = len(self.lines)
        first = min((self._add(item) for item in items), default=before)
        return first if first < before else max(before - 1, 0)

    def _add(self, item: Item) -> int:
        if isinstance(item, TranscriptMarker) and not self.document.insert_marker(item):
            # A marker inserted further up moves every line after it.
            self.fold(self.width)
            return 0
        if not isinstance(item, TranscriptMarker):
            self.document.append(item)
        return self._layout.add(item)

    def fold(self, width: int) -> None:
        self._layout = TranscriptLayout(width, self.folded)
        self._layout.fold(self.document.items)

    def contains(self, piece: TextPiece) -> bool:
        """Whether the token is still in the document; a rewind may have removed it."""
        return stepper.find_place(self.document.items, piece) < len(self.document.items)

    def begins_above(self, piece: TextPiece) -> bool:
        """Whether the token begins at the end of the line before."""
        above = self.lines[piece.line - 1].runs if 0 < piece.line < len(self.lines) else []
        return bool(above) and above[-1][1] is piece

    def piece_at(self, x: int, row: int) -> TextPiece | None:
        """The token at a cell of a row, counted from behind the gutter."""
        if row >= len(self.rows):
            return None
        for text, owner in self.lines[self.rows.line(row)].runs:
            x -= cell_len(text)
            if x < 0:
                return owner if isinstance(owner, TextPiece) and owner.index >= 0 else None
        return None

    def forget_strips(self) -> None:
        """Mark every line as to be drawn again."""
        for line in self.lines:
            line.strip = None
