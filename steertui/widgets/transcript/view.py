"""The biggest thing on the screen: what was said, token by token, with every change of the mixer at its token.

A line-API widget, because colour per token has to stay cheap: a token costs its line, whatever came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.style import Style
from rich.text import Text
from textual import events
from textual.color import Color
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from steertui import commands
from steertui.widgets import glyphs
from steertui.widgets.transcript import selected, stepper
from steertui.widgets.transcript.document import Item, Piece
from steertui.widgets.transcript.layout import GUTTER, Line
from steertui.widgets.transcript.palette import Paint
from steertui.widgets.transcript.pen import Pen
from steertui.widgets.transcript.rows import Rows
from steertui.widgets.transcript.sheet import Sheet
from steertui.widgets.transcript.tint import Tint

PARTS = """role-you role-asst you asst marker chip rule cursor injected prefilled
quiet warning hint title queued marks pointed pinned"""
"""What has a look of its own in the style sheet."""


class Transcript(ScrollView, can_focus=True):
    """Shows a document and follows its end until somebody scrolls up. A cursor may point at one of its tokens."""

    BINDINGS = commands.bindings(commands.TRANSCRIPT)
    COMPONENT_CLASSES = {f"transcript--{part}" for part in PARTS.split()}

    @dataclass
    class Pointed(Message):
        """The cursor went to a token, or away."""

        transcript: Transcript

        @property
        def control(self) -> Transcript:
            return self.transcript

    @dataclass
    class Pinned(Message):
        """The token under the cursor is to be kept under the glass."""

        transcript: Transcript

        @property
        def control(self) -> Transcript:
            return self.transcript

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own spelling
        super().__init__(id=id)
        self.sheet = Sheet()
        self.document = self.sheet.document
        self.live = False
        self.heading = ""
        self._ground: Style | None = None
        self.tint = Tint(self._paint)
        self.pen = Pen(self._style, self.tint)

    def on_mount(self) -> None:
        self.anchor()

    # Where it is scrolled to ------------------------------------------------------------------------------------

    def scroll_to(self, *where: Any, **how: Any) -> None:
        """Textual lets go of the end at every such call, and takes it again only when the place has changed: a key
        that scrolls further down from the end changes none.
        """
        super().scroll_to(*where, **how)
        self.call_after_refresh(self._hold_end)

    def _hold_end(self) -> None:
        if min(self.scroll_y, self.scroll_target_y) >= self.max_scroll_y:
            self.anchor()

    # What happens to the document ------------------------------------------------------------------------------

    def extend(self, items: Iterable[Item]) -> None:
        """Append a frame's worth of items; only lines from the first touched one down are drawn again."""
        self._grown(self.sheet.add(items))

    def colour(self, index: int, projections: Mapping[str, float]) -> None:
        """The projections of a token of the newest answer have arrived."""
        piece = self.document.piece(index)
        if piece is not None:
            piece.projections = projections
            if self.tint.encoding != "off" and not self.tint.held:
                self._redraw_piece(piece)

    def rewind(self, index: int) -> None:
        self.document.rewind(index)
        self._refold()

    def drop_notes(self, *tones: str) -> None:
        self.document.drop_notes(*tones)
        self._refold()

    def clear(self) -> None:
        self.document.clear()
        self._refold()

    def set_live(self, live: bool) -> None:
        """Whether an answer is being written: the last line then ends in a cursor."""
        if live != self.live:
            self.live = live
            self._redraw_line(len(self.sheet.lines) - 1)
        held = live and glyphs.now().slow
        if held != self.tint.held:
            self.tint.held = held
            self._forget_strips()

    # Heat ------------------------------------------------------------------------------------------------------

    def next_heat(self, channels: Sequence[str], selected: int) -> None:
        self.tint.next(channels, selected)
        self._tinted()

    def next_heat_channel(self, channels: Sequence[str]) -> None:
        self.tint.next_channel(channels)
        self._tinted()

    def entitle(self, title: str) -> None:
        self.heading = title
        legend = self.tint.legend()
        self.border_title = Text.assemble(title, " · heat ", legend) if legend else title

    def _tinted(self) -> None:
        self.entitle(self.heading)
        marked = self.tint.encoding == "marks"
        if marked != self.sheet.rows.marked:
            self.sheet.rows = Rows(marked)
            self._grown(0)
        self._forget_strips()

    def _paint(self) -> Paint:
        ground, words = self.background_colors[1], self.get_component_styles("transcript--asst").color
        variables = self.app.get_css_variables()
        hues = Color.parse(variables["heat-cool"]), Color.parse(variables["heat-warm"])
        return Paint(ground, words, *hues, glyphs.now().colours)

    # The token under the cursor ----------------------------------------------------------------------------------

    def step(self, change: int) -> None:
        self.point(stepper.beside(self.document.items, self.pen.pointed, change))

    def step_change(self, change: int) -> None:
        self.point(stepper.behind_marker(self.document.items, self.pen.pointed, change))

    def point(self, piece: Piece | None) -> None:
        """The cursor to a token, in sight; None takes it away."""
        before, self.pen.pointed = self.pen.pointed, piece
        for each in (before, piece):
            self._redraw_piece(each)
        if piece is not None:
            self._show_row(self.sheet.rows.row(piece.line))
        elif before is not None:
            self.anchor()
        self.post_message(self.Pointed(self))

    def action_pin(self) -> None:
        self.post_message(self.Pinned(self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a cursor there is nothing to pin, and the key is free for what it means elsewhere."""
        return action != "pin" or self.pen.pointed is not None

    def pin(self, piece: Piece | None) -> None:
        before, self.pen.pinned = self.pen.pinned, piece
        for each in (before, piece):
            self._redraw_piece(each)

    def _show_row(self, row: int) -> None:
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if not top <= row < top + height:
            self.scroll_to(y=row - height // 2, animate=False)

    def on_click(self, event: events.Click) -> None:
        """A click on a token points at it; the end of a drag that selected words does not."""
        if self.text_selection is None:
            x, y = event.get_content_offset_capture(self) + self.scroll_offset
            piece = self.sheet.piece_at(x - GUTTER, y)
            if piece is not None:
                self.point(piece)

    # Lines -----------------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        if self._text_width() != self.sheet.width:
            self._refold()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.tint.forget()
        self._forget_strips()

    def _text_width(self) -> int:
        return max(self.scrollable_content_region.width - GUTTER - 1, 8)

    def _refold(self) -> None:
        """Everything again; a cursor whose token has gone goes too."""
        self.sheet.fold(self._text_width())
        self._grown(0)
        for piece in (self.pen.pointed, self.pen.pinned):
            if piece is not None and not self.sheet.holds(piece):
                self.pen.pinned = None
                self.point(None)

    def _grown(self, first: int) -> None:
        lines = self.sheet.lines
        self.sheet.rows.update(lines, first)
        self._measure(Size(self.scrollable_content_region.width, self.sheet.rows.height(self.tint.held)))
        if 0 < first < len(lines):
            lines[first].strip = None
            row = self.sheet.rows.row(first)
            self.refresh_lines(row, len(self.sheet.rows) - row + 1)
        else:  # folded anew: there may be fewer lines than before
            self._forget_strips()

    def _measure(self, size: Size) -> None:
        """A page that is full and follows only scrolls on: to lay the whole screen out again would draw it twice."""
        full = self.max_scroll_y > 0 and size.width == self.virtual_size.width
        if not (full and self.is_anchored and self.is_vertical_scroll_end):
            self.virtual_size = size
        elif size != self.virtual_size:
            self.set_reactive(Transcript.virtual_size, size)
            self._scroll_update(size)
            self.scroll_y = self.max_scroll_y

    def _redraw_piece(self, piece: Piece | None) -> None:
        """The lines a token lies on: the one it ends on, and where it began further up the one before."""
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
        if self._ground is None:  # the same for all lines, and asking for it walks up to the app
            self._ground = self.rich_style
        if row >= len(self.sheet.rows):
            return Strip.blank(width, self._ground)
        strip = self._strip(row).crop_extend(scroll_x, scroll_x + width, self._ground)
        return strip.apply_offsets(scroll_x, row)

    def _strip(self, row: int) -> Strip:
        number = self.sheet.rows.line(row)
        line = self.sheet.lines[number]
        if self.sheet.rows.is_marks(row):
            return self.pen.marks(line)
        selection = self.text_selection
        if selection is not None:
            style = self.screen.get_component_rich_style("screen--selection")
            return selected.lit(self.build_strip(line, number), selection.get_span(row), style)
        if line.strip is None:
            line.strip = self.build_strip(line, number)
        return line.strip

    def build_strip(self, line: Line, number: int) -> Strip:
        writing = self.live and number == len(self.sheet.lines) - 1
        return self.pen.words(line, self.sheet.width + GUTTER, writing)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"transcript--{name}")

    # Selection -------------------------------------------------------------------------------------------------

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selected.words(self.sheet.lines, self.sheet.rows, selection), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()
