"""A line of page names; the open page is highlighted and each name is a button."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from steertui.text import safe_text
from steertui.widgets.bars import clip_text
from steertui.widgets.painted import Row, RowWidget

LONGEST = 24


class PageTabs(RowWidget):
    """A click runs the screen's action `turn` with the index of the page."""

    PREFIX = "tabs"
    COMPONENT_CLASSES = {"tabs--open", "tabs--name"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._names: Sequence[str] = ()
        self._open = 0

    def show(self, names: Sequence[str], at: int) -> None:
        if (list(names), at) != (list(self._names), self._open):
            self._names, self._open = names, at
            self.refresh()

    def rows(self, width: int) -> Sequence[Row]:
        """All names, or as many to the left of the open one as leave room for it."""
        words = [f" {clip_text(safe_text(name), LONGEST)} " for name in self._names]
        first = 0
        while first < self._open and sum(map(cell_len, words[first : self._open + 1])) > width:
            first += 1
        return [[Segment(words[place], self._style(place)) for place in range(first, len(words))]]

    def _style(self, place: int) -> Style:
        look = self.part_style("open" if place == self._open else "name")
        return look + Style(meta={"@click": f"screen.turn({place})"})
