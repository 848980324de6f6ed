"""How tokens are coloured: the chosen channel, the encoding, and the level of a projection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from rich.style import Style
from rich.text import Text

from steertui.text import safe_text
from steertui.widgets.transcript.document import TextPiece
from steertui.widgets.transcript.heat import ENCODINGS, STEPS, available_encodings, heat_level, heat_mark
from steertui.widgets.transcript.palette import PaletteColours, heat_palette
from steertui.widgets.transcript.token_reading import ChannelReading

SWATCHES = tuple(step for step in range(-STEPS, STEPS + 1, 2) if step)


class HeatColours:
    """`paint` returns the theme's colours when a palette is built; `readings` hold each channel's
    statistics.
    """

    def __init__(self, paint: Callable[[], PaletteColours]) -> None:
        self._paint = paint
        self._palette: list[Style] = []
        self.readings: defaultdict[str, ChannelReading] = defaultdict(ChannelReading)
        self.encoding = ENCODINGS[0]
        self.channel: str | None = None
        self.paused = False
        """No colours during an answer on a slow connection."""

    def clear_palette(self) -> None:
        """The theme changed: build the palette again when the next token is drawn."""
        self._palette = []

    def next_encoding(self, channels: Sequence[str], selected: int) -> None:
        """Switch to the next encoding of this terminal, on the chosen channel or else the selected one."""
        known = available_encodings()
        # A setting may name an encoding that this terminal lacks; 0 is “off”, 1 the first that shows heat.
        place = known.index(self.encoding) + 1 if self.encoding in known else 1
        self.encoding = known[place % len(known)]
        if self.channel not in channels:
            self.channel = channels[selected]
        self.clear_palette()

    def next_channel(self, channels: Sequence[str]) -> None:
        place = channels.index(self.channel) + 1 if self.channel in channels else 0
        self.channel = channels[place % len(channels)]
        if self.encoding == "off":
            self.encoding = available_encodings()[1]
        self.clear_palette()

    def level(self, piece: TextPiece) -> int | None:
        """The token's level on the chosen channel; before one is chosen, on the first measured one."""
        name = self.channel or next(iter(piece.projections), "")
        if self.paused or self.encoding == "off" or name not in piece.projections:
            return None
        return heat_level(self.readings[name].sigmas(piece.projections[name]))

    def style(self, piece: TextPiece) -> Style:
        step = self.level(piece)
        return Style.null() if step is None else self._styles()[step + STEPS]

    def mark(self, piece: TextPiece) -> str:
        step = self.level(piece)
        return " " if step is None else heat_mark(step)

    def legend(self) -> Text:
        """The channel and the scale, drawn in the encoding itself."""
        if self.encoding == "off":
            return Text()
        name = self.channel or "the first channel"
        legend = Text("−3σ ")
        for step in SWATCHES:
            shown = (
                heat_mark(step) if self.encoding == "marks" else "x" if self.encoding == "underline" else " "
            )
            legend.append(shown, self._styles()[step + STEPS])
        legend.append(f" +3σ {safe_text(name)}, σ of {self.readings[name].sigma_reference}")
        return legend

    def _styles(self) -> list[Style]:
        if not self._palette:
            self._palette = heat_palette(self._paint(), self.encoding)
        return self._palette
