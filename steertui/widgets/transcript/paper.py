"""The transcript's scrolling lines: they follow the end, and each is drawn once until it changes.

It uses Textual's line API, so a new token costs only its own line, however long the transcript is.
"""

from __future__ import annotations

from typing import Any

from rich.style import Style
from textual.color import Color
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip

from steertui.textual_patches.growing_scroll import GrowingScrollView
from steertui.widgets import glyphs
from steertui.widgets.transcript import selected
from steertui.widgets.transcript.document import TextPiece
from steertui.widgets.transcript.layout import GUTTER, LayoutLine
from steertui.widgets.transcript.palette import PaletteColours
from steertui.widgets.transcript.pen import LinePainter
from steertui.widgets.transcript.sheet import LaidOutDocument
from steertui.widgets.transcript.tint import HeatColours


class TranscriptLines(GrowingScrollView):
    """Draws and scrolls the lines; the subclass `Transcript` decides what is in them."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own spelling
        super().__init__(id=id)
        self.sheet = LaidOutDocument()
        self.live = False
        self._ground: Style | None = None
        self.tint = HeatColours(self._paint)
        self.pen = LinePainter(self._style, self.tint)

    def on_mount(self) -> None:
        self.anchor()

    # Scroll position -------------------------------------------------------------------------------------------

    def scroll_to(self, *where: Any, **how: Any) -> None:
        """Scroll, then follow the end again if that is where the view is. Textual stops following at every
        call and resumes only if the position changed, which scrolling down at the end does not do.
        """
        super().scroll_to(*where, **how)
        self.call_after_refresh(self._anchor_at_end)

    def _anchor_at_end(self) -> None:
        if min(self.scroll_y, self.scroll_target_y) >= self.max_scroll_y:
            self.anchor()

    # Lines ------------------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        if self._text_width() != self.sheet.width:
            self._refold()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.tint.clear_palette()
        self._forget_strips()

    def _text_width(self) -> int:
        return max(self.scrollable_content_region.width - GUTTER - 1, 8)

    def _refold(self) -> None:
        """Wrap all lines again."""
        self.sheet.fold(self._text_width())
        self._lines_changed(0)

    def _lines_changed(self, first: int) -> None:
        lines = self.sheet.lines
        self.sheet.rows.update(lines, first)
        height = self.sheet.rows.height(self.tint.paused)
        self.set_content_size(Size(self.scrollable_content_region.width, height))
        if 0 < first < len(lines):
            lines[first].strip = None
            row = self.sheet.rows.row(first)
            self.refresh_lines(row, len(self.sheet.rows) - row + 1)
        else:  # wrapped again: there may be fewer lines
            self._forget_strips()

    def _redraw_piece(self, piece: TextPiece | None) -> None:
        """Redraw the lines of a token: the one it ends on, and the one before if it begins there."""
        if piece is not None:
            if self.sheet.begins_above(piece):
                self._redraw_line(piece.line - 1)
            self._redraw_line(piece.line)

    def _redraw_line(self, number: int) -> None:
        if 0 <= number < len(self.sheet.lines):
            self.sheet.lines[number].strip = None
            self.refresh_lines(self.sheet.rows.row(number), 2 if self.sheet.rows.marked else 1)

    def _forget_strips(self) -> None:
        self.sheet.forget_strips()
        self.refresh()

    # Drawing ---------------------------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = None
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        row, width = scroll_y + y, self.size.width
        if self._ground is None:  # cached: computing it walks up to the app
            self._ground = self.rich_style
        if row >= len(self.sheet.rows):
            return Strip.blank(width, self._ground)
        strip = self._strip(row).crop_extend(scroll_x, scroll_x + width, self._ground)
        return strip.apply_offsets(scroll_x, row)

    def _strip(self, row: int) -> Strip:
        number = self.sheet.rows.line(row)
        line = self.sheet.lines[number]
        if self.sheet.rows.is_marks(row):
            return self.pen.draw_marks(line)
        selection = self.text_selection
        # Not cached: a selection changes with every move of the mouse.
        if selection is not None:
            style = self.screen.get_component_rich_style("screen--selection")
            return selected.highlight_span(self.build_strip(line, number), selection.get_span(row), style)
        if line.strip is None:
            line.strip = self.build_strip(line, number)
        return line.strip

    def build_strip(self, line: LayoutLine, number: int) -> Strip:
        writing = self.live and number == len(self.sheet.lines) - 1
        return self.pen.draw_line(line, self.sheet.width + GUTTER, writing)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"transcript--{name}")

    def _paint(self) -> PaletteColours:
        ground, words = self.background_colors[1], self.get_component_styles("transcript--asst").color
        variables = self.app.get_css_variables()
        hues = Color.parse(variables["heat-cool"]), Color.parse(variables["heat-warm"])
        return PaletteColours(ground, words, *hues, glyphs.current_glyphs().colours)

    # Selection -------------------------------------------------------------------------------------------------

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selected.copied_text(self.sheet.lines, self.sheet.rows, selection), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()
