"""The fader bank: one fader per layer of the selected channel, set with keys or drawn with the mouse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from core.mixer.mixer import Channel
from sessions.state.channel_words import SHORT_UNIT, format_signed
from steertui import commands
from steertui.widgets import glyphs
from steertui.widgets.bars import fader_column, join_fitting
from steertui.widgets.mixer.bank_values import layer_scales, layer_strengths
from steertui.widgets.mixer.dial import STEPS
from steertui.widgets.mixer.strip_face import band_sums

FOOT = 2
WIDEST = 4
HANGS = " hangs"
"""Suffix of the look of a fader below zero, whose block is drawn in reverse video."""

Part = tuple[str, str]
"""The name of a style, and the characters drawn in it."""


class FaderBank(Widget, can_focus=True):
    """Shows the effective scale of each layer and posts `Drawn` when the user changes one.

    A faint line above each fader shows its push in mean residual norms; full height is one norm. This
    relative push, not the number on the fader, is what breaks the text when it is too large.
    """

    BINDINGS = commands.key_bindings(commands.BANK)
    COMPONENT_CLASSES = {
        f"bank--{part}" for part in ("fader", "cursor", "zero", "axis", "value", "quiet", "ghost")
    }

    @dataclass
    class Drawn(Message):
        """A layer was set to a value, measured along the vector as loaded (before any flip)."""

        layer: int
        value: float

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.channel: Channel | None = None
        self.n_layers = 1
        self.cursor = 0
        self.reach = 1.0
        self.compact = False
        self._painting = False
        self.faders: list[float | None] = [None]
        self.strengths: dict[int, float] = {}
        self._styles: dict[str, Style] = {}
        self._cached_columns: tuple[object, list[list[tuple[str, bool]]]] = (None, [])

    def show(
        self, channel: Channel | None, n_layers: int, residual: Mapping[int, float] | None = None
    ) -> None:
        """Show a channel, or nothing. The vertical scale follows the largest fader, but does not change
        during a drag.
        """
        before = (self.channel and self.channel.label, self.n_layers)
        self.channel, self.n_layers = channel, max(n_layers, 1)
        self.faders = [None] * self.n_layers if channel is None else layer_scales(channel, self.n_layers)
        self.strengths = {} if channel is None else layer_strengths(channel, self.n_layers, residual or {})
        self.cursor = min(self.cursor, self.n_layers - 1)
        # With another channel or model the cursor moves into the band.
        if before != (channel and channel.label, self.n_layers) and self.faders[self.cursor] is None:
            self.cursor = next((layer for layer, value in enumerate(self.faders) if value is not None), 0)
        if not self._painting:
            self.reach = self._fitting_reach()
        self.refresh()

    def move(self, change: int) -> None:
        self.cursor = max(0, min(self.n_layers - 1, self.cursor + change))
        self.refresh()

    def value(self) -> float:
        """The value of the fader under the cursor; 0 for a layer outside the band."""
        return self.faders[self.cursor] or 0.0

    def _fitting_reach(self) -> float:
        """The smallest of 0.1, 0.2, 0.5, 1, 2, 5 … that is at least a ninth above the largest fader."""
        largest = max((abs(value) for value in self.faders if value), default=0.0)
        steps = (base * 10**power for power in range(-1, 6) for base in (1, 2, 5))
        return next((step for step in steps if largest <= step * 0.9), largest or 1.0)

    # Geometry: `pitch` cells per layer, the last of them a gap when there is room --------------------------------

    @property
    def pitch(self) -> int:
        return max(1, min(WIDEST, self.size.width // self.n_layers))

    @property
    def _half(self) -> int:
        return max((self.size.height - FOOT - 1) // 2, 1)

    def _layer_at(self, x: int) -> int:
        return max(0, min(self.n_layers - 1, x // self.pitch))

    def _value_at(self, y: int) -> float:
        return max(-1.0, min(1.0, (self._half - y) / self._half)) * self.reach

    # Drawing ---------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        half, width = self._half, self.size.width
        if self.channel is None:
            return self._painted(self._readout(width) if y == 0 else [], width)
        if self.compact:
            return self._painted(self._one_row(width), width)
        if y == 2 * half + 1:
            segments = self._axis()
        elif y == 2 * half + 2:
            segments = self._readout(width)
        elif y <= 2 * half:
            segments = self._faders_row(y, half)
        else:
            segments = []
        return self._painted(segments, width)

    def _painted(self, segments: list[Segment], width: int) -> Strip:
        return Strip(segments).crop_extend(0, width, self._style_for(""))

    def _one_row(self, width: int) -> list[Segment]:
        """All layers as one row of eighth blocks of their magnitude; the sign is in the text beside it."""
        readout = self._readout(max(width - self.n_layers - 3, 12))
        cells = []
        for layer, value in enumerate(self.faders[: max(width - 24, 8)]):
            pen = glyphs.current_glyphs()
            block = fader_column(abs(value), self.reach, 1)[0][0] if value else pen.eighths[1]
            block = pen.off if value is None else block
            cells.append(Segment(block, self._style_for("cursor" if layer == self.cursor else "fader")))
        return [
            Segment(" ", self._style_for("quiet")),
            *cells,
            Segment("  ", self._style_for("quiet")),
            *readout,
        ]

    def _faders_row(self, y: int, half: int) -> list[Segment]:
        """One row of all faders; neighbours in the same style become one segment, because segments are
        slow.
        """
        row, pitch, columns = half - y, self.pitch, self._columns(half)
        # No fader stands on this side of zero.
        if row and not any(value and (value > 0) == (row > 0) for value in self.faders):
            return []
        bar, gap = max(pitch - 1, 1), int(pitch > 1)
        held = self.cursor if self.has_focus else -1
        parts: list[Part] = []
        for layer, blocks in enumerate(columns):
            look, block = self._cell(layer, row, half, blocks)
            parts.append((look.replace("fader", "cursor") if layer == held else look, block * bar))
            if gap:
                parts.append(
                    ("zero", glyphs.current_glyphs().groove) if row == 0 else (_blank_look(look), " ")
                )
        # `groupby` joins neighbours only, which keeps the order of the cells.
        runs = [(look, "".join(text for _, text in run)) for look, run in groupby(parts, itemgetter(0))]
        return [Segment(text, self._style_for(look)) for look, text in runs]

    def _cell(self, layer: int, row: int, half: int, blocks: list[tuple[str, bool]]) -> Part:
        """The style and character of one layer in one row; row 0 is the zero line."""
        value, pen = self.faders[layer], glyphs.current_glyphs()
        if row == 0:
            return ("zero", pen.groove) if value is None else ("fader", pen.fill)
        if not value or (value > 0) != (row > 0):
            return "", " "
        block, hangs = blocks[abs(row) - 1]
        if block == " " and abs(row) == self._ghost_row(layer, half):
            return "ghost", pen.groove
        return "fader" + HANGS * hangs, block

    def _columns(self, half: int) -> list[list[tuple[str, bool]]]:
        """The blocks of every fader from zero outwards, cached until the values or the scale change."""
        key = (half, self.reach, tuple(self.faders))
        if self._cached_columns[0] != key:
            self._cached_columns = (
                key,
                [fader_column(value or 0.0, self.reach, half) for value in self.faders],
            )
        return self._cached_columns[1]

    def _style_for(self, look: str) -> Style:
        """The style of this name on the widget's background; cached, because mixing styles is slow."""
        if look not in self._styles:
            part = look.removesuffix(HANGS)
            style = self.get_component_rich_style(f"bank--{part}") if part else Style.null()
            self._styles[look] = self.rich_style + style + Style(reverse=look.endswith(HANGS) or None)
        return self._styles[look]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def _ghost_row(self, layer: int, half: int) -> int:
        """The row of a layer's push line, counted from zero; a taller fader covers it."""
        return min(math.ceil(self.strengths.get(layer, 0.0) * half), half)

    def _axis(self) -> list[Segment]:
        """Layer numbers, as many as fit, with ▲ under the cursor."""
        cells = [" "] * (self.pitch * self.n_layers)
        # The smallest distance at which the labels do not touch.
        every = next(
            n for n in (1, 2, 4, 8, 16, 32) if n * self.pitch >= len(str(self.n_layers)) + 1 or n == 32
        )
        for layer in range(0, self.n_layers, every):
            for place, digit in enumerate(str(layer)):
                if layer * self.pitch + place < len(cells):
                    cells[layer * self.pitch + place] = digit
        at = self.cursor * self.pitch
        label = f"▲{self.cursor}"
        text = "".join(cells)
        tail = text[at + len(label) :]
        return [
            Segment(text[:at], self._style_for("axis")),
            Segment(label, self._style_for("value")),
            Segment(tail, self._style_for("axis")),
        ]

    def _readout(self, width: int) -> list[Segment]:
        if self.channel is None:
            words = join_fitting(("one fader per layer", "of the selected strip"), width, " ")
            return [Segment(words, self._style_for("quiet"))]
        value = self.faders[self.cursor]
        shown = "off" if value is None else f"{format_signed(value, 3)} {SHORT_UNIT[self.channel.unit]}"
        head = f"L{self.cursor} {shown}"
        if self.cursor in self.strengths and self.channel.unit != "relative":
            head += f" = {self.strengths[self.cursor]:.2f}‖h‖"
        rest = join_fitting(band_sums(self.channel, self.n_layers), width - cell_len(head) - 2, " · ")
        return [Segment(head, self._style_for("value")), Segment(f"  {rest}", self._style_for("quiet"))]

    # Mouse: a click sets, a drag paints across layers --------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self.channel is not None and event.get_content_offset_capture(self).y <= 2 * self._half:
            self._painting = True
            # A drag may leave the widget.
            self.capture_mouse()
            self._paint(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._painting:
            self._paint(event)

    def on_mouse_up(self) -> None:
        self._painting = False
        self.release_mouse()
        # The vertical scale was kept during the drag.
        self.reach = self._fitting_reach()
        self.refresh()

    def _paint(self, event: events.MouseEvent) -> None:
        x, y = event.get_content_offset_capture(self)
        self.cursor = self._layer_at(x)
        self.post_message(self.Drawn(self.cursor, round(self._value_at(y), 4)))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll_fader(event, +1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll_fader(event, -1)

    def _scroll_fader(self, event: events.MouseEvent, direction: int) -> None:
        """Move the fader under the mouse wheel by one fine step."""
        if self.channel is not None:
            event.stop()
            self.cursor = self._layer_at(event.get_content_offset_capture(self).x)
            step = STEPS[self.channel.unit][0]
            self.post_message(self.Drawn(self.cursor, round(self.value() + direction * step, 6)))


def _blank_look(look: str) -> str:
    """The style of the blank next to a block, so that both join into one segment; a reversed block needs
    none.
    """
    return "" if look.endswith(HANGS) else look
