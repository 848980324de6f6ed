"""The strips: one per channel, all in one widget. Keys arrive through the desk, the mouse directly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from core.mixer.mixer import Channel, Mixer
from steertui.widgets.follow_widget import most_aligned
from steertui.widgets.mixer.dial import scale_span
from steertui.widgets.mixer.strip_face import (
    INDENT,
    StripFace,
    bar_width,
    brief_line,
    full_rows,
    strip_height,
)
from steertui.widgets.transcript.token_reading import ChannelReading

ADD = "+ add a vector  (a)"


class Strips(ScrollView, can_focus=False):
    """Shows the channels of a mixer; `compact` shows them in one line for narrow screens."""

    COMPONENT_CLASSES = {
        f"strips--{part}"
        for part in (
            "cursor",
            "number",
            "name",
            "chosen",
            "silent",
            "flag",
            "value",
            "fill",
            "groove",
            "cap",
            "quiet",
        )
    }

    @dataclass
    class Selected(Message):
        """A strip was clicked."""

        index: int

    @dataclass
    class Scaled(Message):
        """A scale bar was dragged; `shown` is the scale along the vector as loaded."""

        index: int
        shown: float

    @dataclass
    class Turned(Message):
        """The mouse wheel was turned over a strip."""

        index: int
        direction: int

    class AddPressed(Message):
        """The “add a vector” line was clicked."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.mixer = Mixer()
        self.selected = 0
        self.n_layers = 1
        self.compact = False
        self.readings: dict[str, ChannelReading] = defaultdict(ChannelReading)
        self._lines: list[list[Segment]] = []
        self._owner: list[int] = []
        self._grabbed: int | None = None
        self._residual: Mapping[int, float] = {}
        self._ground: Style | None = None

    def show(self, mixer: Mixer, selected: int, n_layers: int, residual: Mapping[int, float]) -> None:
        self.mixer, self.selected, self.n_layers = mixer, selected, n_layers
        self._residual = residual
        self.redraw()
        self._scroll_to_selected()

    def _scroll_to_selected(self) -> None:
        """Scroll to the selected strip when there are more strips than fit."""
        if self.compact or self.selected not in self._owner:
            return
        first = self._owner.index(self.selected)
        last = first + self._owner.count(self.selected)
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if not top <= first <= last <= top + height:
            self.scroll_to(y=max(last - height, 0), animate=False)

    def redraw(self) -> None:
        """Draw all strips again after a change of the mixer or of a measurement."""
        width = self.scrollable_content_region.width
        # There is no width before the first layout.
        if width <= 0:
            return
        self._lines, self._owner = [], []
        if self.compact:
            self._paint_brief(width)
        else:
            self._paint_full(width)
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def on_resize(self) -> None:
        self.redraw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.redraw()

    def strip_faces(self) -> list[StripFace]:
        playing = self.mixer.active_indices()
        return [
            StripFace(
                place + 1,
                channel,
                self.readings[channel.label],
                self.n_layers,
                place in playing,
                self._residual,
                most_aligned(self.mixer, place),
            )
            for place, channel in enumerate(self.mixer.channels)
        ]

    def _paint_full(self, width: int) -> None:
        for place, face in enumerate(self.strip_faces()):
            painted = full_rows(face, width, place == self.selected, self._style)
            self._lines += painted
            # Says for each row which strip it belongs to, so that a click finds it.
            self._owner += [place] * strip_height(face)
        self._lines.append([Segment(f"   {ADD}", self._style("quiet"))])
        self._owner.append(len(self.mixer.channels))

    def _paint_brief(self, width: int) -> None:
        """As many strips as fit on one line, always including the selected one."""
        faces = self.strip_faces()
        if not faces:
            self._lines, self._owner = [[Segment(f" {ADD}", self._style("quiet"))]], [0]
            return
        # The selected strip takes its room first; the order is restored below.
        ordered = [faces[self.selected]] + [face for face in faces if face.number != self.selected + 1]
        kept: list[tuple[int, list[Segment]]] = []
        for face in ordered:
            segments = brief_line(face, face.number == self.selected + 1, self._style)
            used = sum(cell_len(segment.text) for _, line in kept for segment in line)
            if used + sum(cell_len(segment.text) for segment in segments) <= width:
                kept.append((face.number, segments))
        self._lines = [[segment for _, line in sorted(kept, key=lambda pair: pair[0]) for segment in line]]
        self._owner = [self.selected]

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = None
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        if self._ground is None:  # cached: computing it walks up to the app
            self._ground = self.rich_style
        number, width = self.scroll_offset.y + y, self.size.width
        if number >= len(self._lines):
            return Strip.blank(width, self._ground)
        return Strip(self._lines[number]).apply_style(self._ground).crop_extend(0, width, self._ground)

    def _style(self, part: str) -> Style:
        return self.get_component_rich_style(f"strips--{part}")

    # Mouse -----------------------------------------------------------------------------------------------------

    def _row(self, event: events.MouseEvent) -> int:
        return event.get_content_offset_capture(self).y + self.scroll_offset.y

    def _strip_at(self, event: events.MouseEvent) -> int | None:
        row = self._row(event)
        return self._owner[row] if 0 <= row < len(self._owner) else None

    def _channel(self, place: int) -> Channel:
        return self.mixer.channels[place]

    def on_mouse_down(self, event: events.MouseDown) -> None:
        place = self._strip_at(event)
        if place is None:
            return
        if place >= len(self.mixer.channels):
            self.post_message(self.AddPressed())
            return
        self.post_message(self.Selected(place))
        first = self._owner.index(place)
        # The second row of a strip is its scale bar.
        if self._row(event) == first + 1 and not self.compact:
            self._grabbed = place
            self.capture_mouse()
            self._drag(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._grabbed is not None:
            self._drag(event)

    def on_mouse_up(self) -> None:
        self._grabbed = None
        self.release_mouse()

    def _drag(self, event: events.MouseEvent) -> None:
        """Set the scale from the mouse position; zero is the middle of the bar."""
        assert self._grabbed is not None
        half = (bar_width(self.scrollable_content_region.width) - 1) // 2
        offset = max(-half, min(half, event.get_content_offset_capture(self).x - 1 - INDENT - half))
        shown = offset / half * scale_span(self._channel(self._grabbed))
        self.post_message(self.Scaled(self._grabbed, round(shown, 3)))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll_dial(event, +1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll_dial(event, -1)

    def _scroll_dial(self, event: events.MouseEvent, direction: int) -> None:
        place = self._strip_at(event)
        if place is not None and place < len(self.mixer.channels):
            event.stop()
            self.post_message(self.Turned(place, direction))
