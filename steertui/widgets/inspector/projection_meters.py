"""Meters: each channel's projection over the last tokens and answers, and per-token measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.segment import Segment

from sessions.state.channel_words import format_signed
from steertui.text import safe_text
from steertui.widgets.bars import clip_text, draw_sparkline
from steertui.widgets.inspector.gauges import SHOWN, TokenGauges
from steertui.widgets.mixer.dial import format_short
from steertui.widgets.painted import Row, RowWidget
from steertui.widgets.transcript.token_reading import ChannelReading

NAME, VALUE = 20, 8
HALF_NAME, HALF_VALUE = 9, 6
PAIRS = (len(SHOWN) + 1) // 2


class Meters(RowWidget):
    """A row per channel while there is room, the selected channel's drift, then two measurements per row."""

    PREFIX = "meters"
    COMPONENT_CLASSES = {"meters--name", "meters--line", "meters--value", "meters--chosen"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.channels: Sequence[str] = ()
        self.selected = 0
        self.readings: Mapping[str, ChannelReading] = {}
        self.gauges = TokenGauges()

    def show(self, channels: Sequence[str], selected: int, readings: Mapping[str, ChannelReading]) -> None:
        self.channels, self.selected, self.readings = channels, selected, readings
        self.refresh()

    def rows(self, width: int) -> Sequence[Row]:
        room = self.size.height - PAIRS
        drift = self._drift(width) if room > 1 else []
        # The selected channel comes first, so that it is drawn where there is room for one only.
        order = [*range(self.selected, len(self.channels)), *range(self.selected)]
        channels = [self._channel(place, width) for place in order[: max(room - len(drift), 1)]]
        return [*channels, *drift, *self._pairs(width)]

    def _channel(self, place: int, width: int) -> Row:
        """The newest projection in σ, since raw projections depend on the layer."""
        name = self.channels[place]
        reading = self.readings.get(name, ChannelReading())
        value = "–" if reading.last is None else f"{format_signed(reading.sigmas(reading.last), 1)}σ"
        look = "chosen" if place == self.selected else "name"
        return self._row(name, list(reading.recent), value, (width, NAME, VALUE), look)

    def _drift(self, width: int) -> list[Row]:
        """The selected channel's mean projection in each answer: the trend over the conversation."""
        if not self.channels:
            return []
        name = self.channels[self.selected]
        means = self.gauges.drift.get(name, [])
        if len(means) < 2:
            return []
        value = f"{format_signed(self.readings[name].sigmas(means[-1]), 1)}σ" if name in self.readings else ""
        return [self._row(f"{len(means)} answers", means, value, (width, NAME, VALUE), "name")]

    def _pairs(self, width: int) -> list[Row]:
        half = width // 2
        cells = [self._gauge(key, words, half) for key, words in SHOWN]
        return [[*one, *other] for one, other in zip(cells[::2], cells[1::2], strict=True)]

    def _gauge(self, key: str, words: str, width: int) -> Row:
        values = list(self.gauges.series[key])
        value = format_short(values[-1]).lstrip("+") if values else "–"
        return self._row(words, values, value, (width, HALF_NAME, HALF_VALUE), "name", low=0.0)

    def _row(
        self,
        name: str,
        values: list[float],
        value: str,
        widths: tuple[int, int, int],
        look: str,
        low: float | None = None,
    ) -> Row:
        width, named, valued = widths
        wide = min(named, max(width // 3, HALF_NAME - 1))
        label = clip_text(safe_text(name), wide)
        room = max(width - wide - 1 - valued, 1)
        return [
            Segment(label + " " * (wide - cell_len(label) + 1), self.part_style(look)),
            Segment(draw_sparkline(values, room, low=low).ljust(room), self.part_style("line")),
            Segment(value.rjust(valued - 1) + " ", self.part_style("value")),
        ]
