"""The timeline of a recorded session: scales, a channel's projection and mixer changes over the tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message

from sessions.recorded.film import Playback
from steertui.text import safe_text
from steertui.widgets import glyphs
from steertui.widgets.bars import clip_text
from steertui.widgets.mixer.dial import format_short
from steertui.widgets.painted import Row, RowWidget

NAME, VALUE = 16, 9
Values = Sequence[float | None]


class Timeline(RowWidget):
    """Spreads all tokens over its width; a click seeks to a token."""

    PREFIX = "timeline"
    COMPONENT_CLASSES = {
        f"timeline--{part}"
        for part in ("name", "chosen", "up", "down", "line", "mark", "past", "ahead", "value")
    }

    @dataclass
    class Sought(Message):
        """A place on the timeline was clicked."""

        place: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.film, self.place, self.channel = Playback(), 0, ""

    def show(self, film: Playback, place: int, channel: str) -> None:
        self.film, self.place, self.channel = film, place, channel
        self.refresh()

    # Geometry --------------------------------------------------------------------------------------------------

    @property
    def _cells(self) -> int:
        return max(self.size.width - NAME - VALUE, 1)

    def _cell(self, place: int) -> int:
        """The cell in which a token begins; the end of the recording is the last cell."""
        return min(place * self._cells // max(len(self.film), 1), self._cells - 1)

    def _frames(self, cell: int) -> range:
        """The tokens that share a cell, at least one."""
        first = cell * len(self.film) // self._cells
        return range(first, max((cell + 1) * len(self.film) // self._cells, first + 1))

    # Drawing ---------------------------------------------------------------------------------------------------

    def rows(self, width: int) -> Sequence[Row]:
        if not len(self.film):
            return [[Segment(clip_text("no answer was recorded here", width), self.part_style("name"))]]
        shown = list(self.film.scales)
        if self.channel in shown:
            # The chosen channel comes first, so that it is never cut off.
            shown.insert(0, shown.pop(shown.index(self.channel)))
        rows = [self._dial(label) for label in shown[: max(self.size.height - 3, 1)]]
        if shown and self.size.height > 3:
            rows.append(self._projection())
        # On a low screen the last rows stay, the ruler above all.
        return [*rows, self._marks(), self._ruler()][-max(self.size.height, 1) :]

    def _row(self, name: str, cells: list[Segment], value: str, look: str = "name") -> Row:
        label = clip_text(safe_text(name), NAME - 1)
        return [
            Segment(label + " " * (NAME - cell_len(label)), self.part_style(look)),
            *cells,
            Segment(clip_text(value, VALUE - 1).rjust(VALUE), self.part_style("value")),
        ]

    def _dial(self, label: str) -> Row:
        values = self.film.scales[label]
        reach = max((abs(value) for value in values if value is not None), default=0.0) or 1.0
        cells = []
        for value in self._last_per_cell(values):
            look = "up" if (value or 0) > 0 else "down" if (value or 0) < 0 else "ahead"
            cells.append(Segment(_block_for(value, -reach, reach), self.part_style(look)))
        look = "chosen" if label == self.channel else "name"
        return self._row(label, cells, _number(self._newest_value(values)), look)

    def _projection(self) -> Row:
        values = self.film.projections(self.channel)
        known = [value for value in values if value is not None]
        low, high = min(known, default=0.0), max(known, default=1.0)
        text = "".join(_block_for(value, low, high) for value in self._mean_per_cell(values))
        return self._row(
            "projection", [Segment(text, self.part_style("line"))], _number(self._newest_value(values))
        )

    def _marks(self) -> Row:
        cells = [" "] * self._cells
        for cut in self.film.markers:
            cells[self._cell(cut.place)] = glyphs.current_glyphs().marker
        return self._row("changes", [Segment("".join(cells), self.part_style("mark"))], "")

    def _ruler(self) -> Row:
        at, line = self._cell(self.place), glyphs.current_glyphs().groove
        cells = [
            Segment(line * at, self.part_style("past")),
            Segment("▲", self.part_style("chosen")),
            Segment(line * (self._cells - at - 1), self.part_style("ahead")),
        ]
        return self._row("token", cells, f"{self.place}/{len(self.film)}")

    def _newest_value(self, values: Values) -> float | None:
        """The value at the newest token that has been played."""
        return values[max(self.place - 1, 0)]

    def _last_per_cell(self, values: Values) -> list[float | None]:
        return [values[self._frames(cell)[-1]] for cell in range(self._cells)]

    def _mean_per_cell(self, values: Values) -> list[float | None]:
        parts = (
            [v for k in self._frames(cell) if (v := values[k]) is not None] for cell in range(self._cells)
        )
        return [sum(part) / len(part) if part else None for part in parts]

    # Mouse -----------------------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        cell = event.get_content_offset_capture(self).x - NAME
        if 0 <= cell < self._cells:
            self.post_message(self.Sought(self._frames(cell)[0]))


def _block_for(value: float | None, low: float, high: float) -> str:
    if value is None:
        return " "
    share = (value - low) / (high - low) if high > low else 0.5
    return glyphs.current_glyphs().eighths[1 + round(max(0.0, min(1.0, share)) * 7)]


def _number(value: float | None) -> str:
    return "–" if value is None else format_short(value)
