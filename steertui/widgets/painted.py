"""A widget of a few rows that somebody tells what to show: it paints rows of styled text, never markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

Row = Sequence[Segment]


class Painted(Widget):
    """Subclasses say what their rows are; `part` names a component class of theirs as a style."""

    PREFIX = ""

    def rows(self, width: int) -> Sequence[Row]:
        """The rows at this width, top to bottom."""
        return ()

    def part(self, name: str) -> Style:
        return self.get_component_rich_style(f"{self.PREFIX}--{name}")

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        rows = self.rows(width)
        if y >= len(rows):
            return Strip.blank(width, self.rich_style)
        return Strip(list(rows[y])).apply_style(self.rich_style).crop_extend(0, width, self.rich_style)
