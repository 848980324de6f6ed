"""Base class of widgets that draw a few rows of styled text, never markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

Row = Sequence[Segment]


class RowWidget(Widget):
    """Subclasses implement `rows`; `part_style` returns the style of one of their component classes."""

    PREFIX = ""
    _drawing: tuple[Sequence[Row], Style] | None = None

    def rows(self, width: int) -> Sequence[Row]:
        """The rows at this width, from top to bottom."""
        return ()

    def part_style(self, name: str) -> Style:
        return self.get_component_rich_style(f"{self.PREFIX}--{name}")

    def render_lines(self, crop: Region) -> list[Strip]:
        self._drawing = None
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Rows and background are computed once per repaint and shared by all its lines."""
        width = self.size.width
        if self._drawing is None:
            self._drawing = self.rows(width), self.rich_style
        rows, ground = self._drawing
        if y >= len(rows):
            return Strip.blank(width, ground)
        return Strip(list(rows[y])).apply_style(ground).crop_extend(0, width, ground)
