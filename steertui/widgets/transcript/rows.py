"""Maps screen rows to lines: with marks, a line of an answer has a second row under it."""

from __future__ import annotations

from collections.abc import Sequence

from steertui.widgets.transcript.layout import LayoutLine

AT_ONCE = 4
"""Number of rows by which the transcript scrolls on a slow connection."""


class RowMap:
    """Updated from the first changed line on, so that a token costs only its own line."""

    def __init__(self, marked: bool = False) -> None:
        self.marked = marked
        self._lines: list[int] = []
        self._starts: list[int] = []

    def __len__(self) -> int:
        return len(self._lines)

    def height(self, slowly: bool) -> int:
        """Rows to scroll over; on a slow connection rounded up, so that not every new row scrolls the
        page.
        """
        # Ceiling division.
        return -(-len(self) // AT_ONCE) * AT_ONCE if slowly else len(self)

    def update(self, lines: Sequence[LayoutLine], first: int) -> None:
        """Recompute the rows of the lines from number `first` on."""
        first = min(first, len(self._starts))
        if first < len(self._starts):
            # Deleted from left to right: the first slice still needs the old start.
            del self._lines[self._starts[first] :], self._starts[first:]
        for number in range(first, len(lines)):
            self._starts.append(len(self._lines))
            self._lines += [number] * (2 if self.marked and lines[number].kind == "asst" else 1)

    def line(self, row: int) -> int:
        """The line shown in this row."""
        return self._lines[row]

    def row(self, line: int) -> int:
        """The row of a line's text; its marks follow."""
        return self._starts[line]

    def is_marks(self, row: int) -> bool:
        return self._starts[self._lines[row]] != row
