"""Meters: how each channel's projection ran over the last tokens, and how surprised the model was by its own words."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.segment import Segment

from steertui.text import safe_text
from steertui.widgets.bars import clip, sparkline
from steertui.widgets.dial import short
from steertui.widgets.painted import Painted, Row
from steertui.widgets.reading import KEPT, Reading

NAME = 20
VALUE = 8


class Meters(Painted):
    """One row per channel while there is room, and one for the surprise −ln p of the sampled tokens."""

    PREFIX = "meters"
    COMPONENT_CLASSES = {"meters--name", "meters--line", "meters--value", "meters--chosen"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.channels: Sequence[str] = ()
        self.selected = 0
        self.readings: Mapping[str, Reading] = {}
        self.surprise: deque[float] = deque(maxlen=KEPT)

    def show(self, channels: Sequence[str], selected: int, readings: Mapping[str, Reading]) -> None:
        self.channels, self.selected, self.readings = channels, selected, readings
        self.refresh()

    def rows(self, width: int) -> Sequence[Row]:
        rows = [self._row("surprise", list(self.surprise), width, "name", low=0.0)]
        order = [*range(self.selected, len(self.channels)), *range(self.selected)]
        for place in order[: max(self.size.height - 1, 0)]:
            name = self.channels[place]
            reading = self.readings.get(name, Reading())
            look = "chosen" if place == self.selected else "name"
            rows.insert(-1, self._row(name, list(reading.recent), width, look))
        return rows

    def _row(self, name: str, values: list[float], width: int, look: str, low: float | None = None) -> Row:
        wide = min(NAME, width // 3)
        label = clip(safe_text(name), wide)
        label += " " * (wide - cell_len(label) + 1)
        room = max(width - wide - 1 - VALUE, 1)
        line = sparkline(values, room, low=low).ljust(room)
        value = ("–" if not values else short(values[-1])).rjust(VALUE - 1) + " "
        return [
            Segment(label, self.part(look)),
            Segment(line, self.part("line")),
            Segment(value, self.part("value")),
        ]
