"""The transcript widget: the conversation token by token, with every mixer change at its token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.message import Message

from steertui import commands
from steertui.widgets import glyphs
from steertui.widgets.transcript import stepper
from steertui.widgets.transcript.document import Item, TextPiece
from steertui.widgets.transcript.layout import GUTTER
from steertui.widgets.transcript.paper import TranscriptLines
from steertui.widgets.transcript.rows import RowMap

PARTS = """role-you role-asst you asst marker chip rule cursor injected prefilled
quiet warning hint title queued marks pointed pinned thought"""
"""Component classes with a style of their own in the style sheet."""


class Transcript(TranscriptLines, can_focus=True):
    """Shows a document and follows its end until the user scrolls up. A cursor may point at one token."""

    BINDINGS = commands.key_bindings(commands.TRANSCRIPT)
    COMPONENT_CLASSES = {f"transcript--{part}" for part in PARTS.split()}

    @dataclass
    class Pointed(Message):
        """The token cursor moved, or was removed."""

        transcript: Transcript

        @property
        def control(self) -> Transcript:
            return self.transcript

    @dataclass
    class Pinned(Message):
        """The token under the cursor is to be pinned in the inspector."""

        transcript: Transcript

        @property
        def control(self) -> Transcript:
            return self.transcript

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own spelling
        super().__init__(id=id)
        self.document = self.sheet.document
        self.heading = ""

    # Changes of the document -------------------------------------------------------------------------------------

    def extend(self, items: Iterable[Item]) -> None:
        """Append the items of one frame; only lines from the first changed one on are drawn again."""
        self._lines_changed(self.sheet.add(items))

    def set_projections(self, index: int, projections: Mapping[str, float]) -> None:
        """Set the projections of a token of the newest answer."""
        piece = self.document.piece(index)
        if piece is not None:
            piece.projections = projections
            if self.tint.encoding != "off" and not self.tint.paused:
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

    def fold_thoughts(self) -> bool:
        """Show only the lengths of thoughts, or the thoughts again; whether they are folded now."""
        self.sheet.folded = not self.sheet.folded
        self._refold()
        return self.sheet.folded

    def set_live(self, live: bool) -> None:
        """Set whether an answer is being written; if so, the last line ends in a cursor."""
        if live != self.live:
            self.live = live
            self._redraw_line(len(self.sheet.lines) - 1)
        held = live and glyphs.current_glyphs().slow
        if held != self.tint.paused:
            self.tint.paused = held
            self._forget_strips()

    # Heat ------------------------------------------------------------------------------------------------------

    def next_heat(self, channels: Sequence[str], selected: int) -> None:
        self.tint.next_encoding(channels, selected)
        self._apply_heat()

    def next_heat_channel(self, channels: Sequence[str]) -> None:
        self.tint.next_channel(channels)
        self._apply_heat()

    def set_title(self, title: str) -> None:
        self.heading = title
        legend = self.tint.legend()
        self.border_title = Text.assemble(title, " · heat ", legend) if legend else title

    def _apply_heat(self) -> None:
        self.set_title(self.heading)
        marked = self.tint.encoding == "marks"
        # Marks add a second row to the lines of answers, so all rows are counted again.
        if marked != self.sheet.rows.marked:
            self.sheet.rows = RowMap(marked)
            self._lines_changed(0)
        self._forget_strips()

    # The token under the cursor ----------------------------------------------------------------------------------

    def step(self, change: int) -> None:
        self.point(stepper.next_token(self.document.items, self.pen.pointed, change))

    def step_change(self, change: int) -> None:
        self.point(stepper.next_marked_token(self.document.items, self.pen.pointed, change))

    def point(self, piece: TextPiece | None) -> None:
        """Move the cursor to a token and scroll to it; None removes the cursor."""
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
        """Without a cursor `pin` is disabled, so that its key keeps its other meaning."""
        return action != "pin" or self.pen.pointed is not None

    def pin(self, piece: TextPiece | None) -> None:
        before, self.pen.pinned = self.pen.pinned, piece
        for each in (before, piece):
            self._redraw_piece(each)

    def _show_row(self, row: int) -> None:
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if not top <= row < top + height:
            self.scroll_to(y=row - height // 2, animate=False)

    def on_click(self, event: events.Click) -> None:
        """Point at the clicked token, unless the click ended a text selection."""
        if self.text_selection is None:
            x, y = event.get_content_offset_capture(self) + self.scroll_offset
            piece = self.sheet.piece_at(x - GUTTER, y)
            if piece is not None:
                self.point(piece)

    def _refold(self) -> None:
        """Wrap everything again; remove a cursor whose token is gone."""
        super()._refold()
        for piece in (self.pen.pointed, self.pen.pinned):
            if piece is not None and not self.sheet.contains(piece):
                self.pen.pinned = None
                self.point(None)
