"""Which row of the screen shows which line: with marks, a line of an answer has a second row under it."""

from __future__ import annotations

from collections.abc import Sequence

from steertui.widgets.transcript.layout import Line

AT_ONCE = 4
"""Rows by which a slow line scrolls."""


class Rows:
    """Kept up to date from the first line that changed, so that a token costs its own line only."""

    def __init__(self, marked: bool = False) -> None:
        self.marked = marked
        self._lines: list[int] = []
        self._starts: list[int] = []

    def __len__(self) -> int:
        return len(self._lines)

    def height(self, slowly: bool) -> int:
        """Rows to scroll over; on a slow line a few more than there are, so that not every new one moves the page."""
        return -(-len(self) // AT_ONCE) * AT_ONCE if slowly else len(self)

    def update(self, lines: Sequence[Line], first: int) -> None:
        """Lines from number `first` on are new or have changed their kind."""
        first = min(first, len(self._starts))
        if first < len(self._starts):
            del self._lines[self._starts[first] :], self._starts[first:]
        for number in range(first, len(lines)):
            self._starts.append(len(self._lines))
            self._lines += [number] * (2 if self.marked and lines[number].kind == "asst" else 1)

    def line(self, row: int) -> int:
        """The line that this row belongs to."""
        return self._lines[row]

    def row(self, line: int) -> int:
        """Where a line's words are; its marks follow."""
        return self._starts[line]

    def is_marks(self, row: int) -> bool:
        return self._starts[self._lines[row]] != row
