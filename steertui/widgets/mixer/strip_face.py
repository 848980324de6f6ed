"""The look of a channel as a strip: rows with a scale bar, or a few words on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from core.errors import SteerError
from core.mixer.effects import channel_dose
from core.mixer.mixer import Channel
from sessions.state.channel_words import SHORT_UNIT, format_signed
from steertui.text import safe_text
from steertui.widgets.bars import clip_text, join_fitting, scale_bar
from steertui.widgets.mixer.bank_values import shape_name, total_scale
from steertui.widgets.mixer.dial import band_text, cap_text, layers_of, scale_span, shown_scale
from steertui.widgets.transcript.token_reading import ChannelReading

Styles = Callable[[str], Style]
INDENT = 2
READOUT = 9


@dataclass(frozen=True)
class StripFace:
    """A channel at its position in the mixer, with its measurements."""

    number: int
    channel: Channel
    reading: ChannelReading
    n_layers: int
    playing: bool = True
    residual: Mapping[int, float] = field(default_factory=dict)
    alike: tuple[int, float] | None = None

    @property
    def flags(self) -> str:
        """⇄ flipped, C capped, M muted, S solo."""
        channel = self.channel
        marks = [("⇄", channel.flipped), ("C", channel.is_capped), ("M", channel.muted), ("S", channel.solo)]
        return " ".join(mark for mark, on in marks if on)

    @property
    def scale(self) -> str:
        return format_signed(shown_scale(self.channel))

    @property
    def dose(self) -> str:
        return ", ".join(self.doses)

    @property
    def doses(self) -> list[str]:
        return dose_texts(self.channel, self.n_layers, self.residual)

    @property
    def hits(self) -> str:
        """The number of tokens of this answer that the cap corrected."""
        seen = self.reading
        return "" if seen.hit_rate is None else f"hits {seen.hits}/{seen.tokens} ({seen.hit_rate:.0%})"

    @property
    def warning(self) -> str:
        """⚠ and the strip whose vector points along or against this one."""
        return "" if self.alike is None else f"⚠ cos {format_signed(self.alike[1])} with {self.alike[0] + 1}"

    @property
    def band(self) -> str:
        return band_text(layers_of(self.channel, self.n_layers))


def dose_texts(channel: Channel, n_layers: int, residual: Mapping[int, float]) -> list[str]:
    """The largest push on one layer and the sum over the band, in mean residual norms; empty if unknown."""
    if not residual or not channel.scale:
        return []
    try:
        most, total = channel_dose(channel, n_layers, lambda: residual)
    except (SteerError, KeyError):
        return []
    return [f"{_size(most)}‖h‖ a layer", f"Σ {_size(total)}"]


def _size(norms: float) -> str:
    """A norm with two digits, or its first significant digit: a tiny dose is not shown as 0."""
    return f"{norms:.2f}" if norms >= 0.005 else f"{norms:.1g}"


def strip_height(face: StripFace) -> int:
    """The number of rows that `full_rows` draws."""
    return 2 + bool(face.dose or face.warning) + _has_cap(face)


def full_rows(face: StripFace, width: int, selected: bool, style: Styles) -> list[list[Segment]]:
    """Name and scale, the bar with the band, the dose, and a last row if there is a cap or a gain."""
    lines = [_title(face, width, selected, style), _bar(face, width, selected, style)]
    if face.dose or face.warning:
        lines.append(_dose(face, width, selected, style))
    if _has_cap(face):
        lines.append(_cap(face, width, selected, style))
    return lines


def _has_cap(face: StripFace) -> bool:
    return face.channel.is_capped or face.channel.gain is not None


def _dose(face: StripFace, width: int, selected: bool, style: Styles) -> list[Segment]:
    """The dose row; the warning has priority over the dose."""
    warning = clip_text(face.warning, width - 1 - INDENT)
    text = join_fitting(face.doses, width - 1 - INDENT - cell_len(warning) - 1, ", ")
    gap = " " * max(width - 1 - INDENT - cell_len(text) - cell_len(warning), 0)
    return [
        _selection_mark(selected, style),
        Segment(" " * INDENT),
        Segment(text, style("quiet")),
        Segment(gap),
        Segment(warning, style("flag")),
    ]


def _selection_mark(selected: bool, style: Styles) -> Segment:
    return Segment("▌" if selected else " ", style("cursor"))


def _title(face: StripFace, width: int, selected: bool, style: Styles) -> list[Segment]:
    scale = f"{face.scale} {SHORT_UNIT[face.channel.unit]}"
    flags = f"{face.flags} " if face.flags else ""
    room = width - 1 - INDENT - len(scale) - len(flags) - 2
    name = clip_text(safe_text(face.channel.label), room)
    gap = " " * max(width - 1 - INDENT - cell_len(name) - len(flags) - len(scale) - 1, 1)
    live = "name" if face.playing else "silent"
    return [
        _selection_mark(selected, style),
        Segment(f"{face.number} ", style("number")),
        Segment(name, style("chosen" if selected and face.playing else live)),
        Segment(gap),
        Segment(flags, style("flag")),
        Segment(scale, style("value" if face.playing else "silent")),
        Segment(" "),
    ]


def bar_width(width: int) -> int:
    """Width of the scale bar in cells; also the area the mouse can drag."""
    return max(width - 1 - INDENT - READOUT - 1, 5)


def _bar(face: StripFace, width: int, selected: bool, style: Styles) -> list[Segment]:
    parts = scale_bar(shown_scale(face.channel), scale_span(face.channel), bar_width(width))
    fill = style("fill" if face.playing else "silent")
    readout = clip_text(face.band, READOUT).rjust(READOUT)
    looks = (style("groove"), fill, fill, style("groove"))
    bar = [Segment(text, look) for text, look in zip(parts, looks, strict=True)]
    return [
        _selection_mark(selected, style),
        Segment(" " * INDENT),
        *bar,
        Segment(readout, style("quiet")),
        Segment(" "),
    ]


def _cap(face: StripFace, width: int, selected: bool, style: Styles) -> list[Segment]:
    words = []
    if face.channel.gain is not None:
        words.append(f"gain ×{face.channel.gain:g}")
    if face.channel.is_capped:
        words.append(f"cap {cap_text(face.channel)}")
        words.append(face.hits)
    text = join_fitting(filter(None, words), width - 1 - INDENT)
    pad = " " * (width - 1 - INDENT - cell_len(text))
    return [
        _selection_mark(selected, style),
        Segment(" " * INDENT),
        Segment(text, style("cap")),
        Segment(pad),
    ]


def brief_line(face: StripFace, selected: bool, style: Styles) -> list[Segment]:
    """One strip in a few words, `1▶name −0.30 L3–8 ⇄`, for the one-line mixer."""
    name = clip_text(safe_text(face.channel.label), 20)
    words = [face.scale, face.band if selected else "", face.flags]
    if face.channel.is_capped:
        words.append(cap_text(face.channel))
        words.append(face.hits)
    if face.warning:
        words.append("⚠")
    look = "silent" if not face.playing else ("chosen" if selected else "name")
    return [
        Segment(f" {face.number}", style("number")),
        Segment("▶" if selected else " ", style("cursor")),
        Segment(name, style(look)),
        Segment(
            " " + " ".join(word for word in words if word) + " ", style("value" if face.playing else "silent")
        ),
    ]


def band_sums(channel: Channel, n_layers: int) -> list[str]:
    """The sum of the scales over the band, and the name of its shape."""
    shape = shape_name(channel, n_layers) + (", split" if channel.split else "")
    return [f"Σ {format_signed(total_scale(channel, n_layers))}", shape]
