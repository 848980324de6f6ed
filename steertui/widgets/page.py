"""Lines of styled text to scroll through in both directions: a table of a thousand rows costs what is seen of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Page(ScrollView, can_focus=True):
    """Shows what it is given; the place that was scrolled to stays, and its end is followed where it was at the end."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lines: Sequence[Text] = ()
        self.frozen = 0
        """So many rows at the top stay where they are, as the head of a table does."""

    def show(self, lines: Sequence[Text], *, frozen: int = 0, follow: bool = False) -> None:
        at_end = self.scroll_y >= self.max_scroll_y
        self._lines, self.frozen = lines, frozen
        wide = max((line.cell_len for line in lines), default=0)
        self.virtual_size = Size(wide, len(lines))
        if follow and at_end:
            self.scroll_end(animate=False, immediate=True)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        row = y if y < self.frozen else y + top
        width = self.size.width
        if row >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[row]
        strip = Strip(list(line.render(self.app.console)), line.cell_len)
        return strip.crop_extend(left, left + width, None).apply_style(self.rich_style)
