"""Styled lines that scroll in both directions; only the visible lines are rendered."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.geometry import Offset, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

NOTHING = Offset()


class TextPage(ScrollView, can_focus=True):
    """Shows lines and keeps the scroll position; with `follow`, it stays at the end if it was there.

    `frozen` rows at the top and columns at the left do not scroll, like a table head.
    """

    class Resized(Message):
        """The size has changed, so the lines may have to be laid out again."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lines: Sequence[Text] = ()
        self._frozen = Offset()

    def show(self, lines: Sequence[Text], *, frozen: Offset = NOTHING, follow: bool = False) -> None:
        # Read before the new lines change the scroll range.
        at_end = self.scroll_y >= self.max_scroll_y
        self._lines, self._frozen = lines, frozen
        wide = max((line.cell_len for line in lines), default=0)
        self.virtual_size = Size(wide, len(lines))
        if follow and at_end:
            self.scroll_end(animate=False, immediate=True)
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Resized())

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        row = y if y < self._frozen.y else y + top
        width = self.size.width
        if row >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[row]
        strip = Strip(self._segments(line), line.cell_len)
        # The frozen columns are cropped from column 0, the others from the scroll offset.
        held = min(self._frozen.x, width)
        parts = [strip.crop_extend(0, held, None), strip.crop_extend(held + left, left + width, None)]
        return Strip.join(parts).apply_style(self.rich_style)

    def _segments(self, line: Text) -> list[Segment]:
        """The line as segments; Rich ignores a text's own style when it has no spans."""
        console = self.app.console
        if line.spans:
            return list(line.render(console))
        return [Segment(line.plain, console.get_style(line.style))]
