"""The biggest thing on the screen: what was said, token by token, with every change of the mixer at its token.

A line-API widget, because colour per token has to stay cheap: a token costs its line, whatever came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.color import Color
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from steertui.text import safe_text
from steertui.widgets.transcript.document import Document, Item, Marker, Piece
from steertui.widgets.transcript.heat import ENCODINGS, STEPS, Spread, level, palette
from steertui.widgets.transcript.layout import GUTTER, Layout, Line, Owner

CURSOR = "▌"


class Transcript(ScrollView, can_focus=True):
    """Shows a document and follows its end until somebody scrolls up."""

    COMPONENT_CLASSES = {
        f"transcript--{kind}" for kind in ("role-you", "role-asst", "you", "asst", "marker", "chip")
    } | {
        f"transcript--{tone}"
        for tone in ("rule", "quiet", "warning", "hint", "title", "queued", "cursor", "injected")
    }

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own spelling
        super().__init__(id=id)
        self.document = Document()
        self.folds = Layout(1)
        self.live = False
        self.encoding = ENCODINGS[0]
        self.channel: str | None = None
        self.spreads: dict[str, Spread] = {}
        self._palette: list[Style] = []

    def on_mount(self) -> None:

        self.anchor()

    # What happens to the document ------------------------------------------------------------------------------

    def extend(self, items: Iterable[Item]) -> None:
        """Append a frame's worth of items; only lines from the first touched one down are drawn again."""
        first = len(self.folds.lines)
        for item in items:
            first = min(first, self._append(item))
        self._grown(first)

    def _append(self, item: Item) -> int:
        if isinstance(item, Marker) and not self.document.place(item):
            self._fold()
            return 0
        if not isinstance(item, Marker):
            self.document.append(item)
        return self.folds.add(item)

    def colour(self, index: int, projections: Mapping[str, float]) -> None:
        """The projections of a token of the newest answer have arrived."""
        for name, value in projections.items():
            self.spreads.setdefault(name, Spread()).add(value)
        piece = self.document.piece(index)
        if piece is not None:
            piece.projections = projections
            if self.encoding != "off":
                self._redraw_line(piece.line - 1)
                self._redraw_line(piece.line)

    def rewind(self, index: int) -> None:
        self.document.rewind(index)
        self._refold()

    def drop_notes(self, *tones: str) -> None:
        self.document.drop_notes(*tones)
        self._refold()

    def clear(self) -> None:
        self.document.clear()
        self.spreads.clear()
        self._refold()

    def set_live(self, live: bool) -> None:
        """Whether an answer is being written: the last line then ends in a cursor."""
        if live != self.live:
            self.live = live
            self._redraw_line(len(self.folds.lines) - 1)

    def next_heat(self, channels: Sequence[str], selected: int) -> None:
        """Off, background, underline; on the selected channel unless another was chosen."""
        encoding = ENCODINGS[(ENCODINGS.index(self.encoding) + 1) % len(ENCODINGS)]
        chosen = self.channel is not None and self.channel in channels
        self._show_heat(encoding, str(self.channel) if chosen else channels[selected])

    def next_heat_channel(self, channels: Sequence[str]) -> None:
        place = channels.index(self.channel) + 1 if self.channel in channels else 0
        encoding = ENCODINGS[1] if self.encoding == "off" else self.encoding
        self._show_heat(encoding, channels[place % len(channels)])

    def _show_heat(self, encoding: str, channel: str) -> None:
        self.encoding, self.channel = encoding, channel
        self.border_subtitle = Text("" if encoding == "off" else f"heat: {safe_text(channel)} ({encoding})")
        self._palette = []
        self._forget_strips()

    # Lines -----------------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        if self._text_width() != self.folds.width:
            self._refold()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = []
        self._forget_strips()

    def _text_width(self) -> int:
        return max(self.scrollable_content_region.width - GUTTER - 1, 8)

    def _fold(self) -> None:
        self.folds = Layout(self._text_width())
        self.folds.fold(self.document.items)

    def _refold(self) -> None:
        self._fold()
        self._grown(0)

    def _grown(self, first: int) -> None:
        lines = self.folds.lines
        self.virtual_size = Size(self.scrollable_content_region.width, len(lines))
        if first > 0:
            self._drop_strip(first - 1)
        self.refresh_lines(max(first - 1, 0), len(lines) - first + 2)

    def _redraw_line(self, number: int) -> None:
        if 0 <= number < len(self.folds.lines):
            self._drop_strip(number)
            self.refresh_line(number)

    def _drop_strip(self, number: int) -> None:
        self.folds.lines[number].strip = None

    def _forget_strips(self) -> None:
        for line in self.folds.lines:
            line.strip = None
        self.refresh()

    # Drawing ---------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        number, width = scroll_y + y, self.size.width
        if number >= len(self.folds.lines):
            return Strip.blank(width, self.rich_style)
        strip = self._strip(number).crop_extend(scroll_x, scroll_x + width, self.rich_style)
        return strip.apply_offsets(scroll_x, number)

    def _strip(self, number: int) -> Strip:
        line = self.folds.lines[number]
        selection = self.text_selection
        if selection is not None:
            return self._selected(self.build_strip(line, number), selection.get_span(number))
        if line.strip is None:
            line.strip = self.build_strip(line, number)
        return line.strip

    def _selected(self, strip: Strip, span: tuple[int, int] | None) -> Strip:
        if span is None:
            return strip
        start, end = span
        end = len(strip.text) if end == -1 else end
        style = self.screen.get_component_rich_style("screen--selection")
        before, chosen, after = strip.divide(
            [strip.index_to_cell_position(start), strip.index_to_cell_position(end), strip.cell_length]
        )
        return Strip.join([before, chosen.apply_style(style), after])

    def build_strip(self, line: Line, number: int) -> Strip:
        """One line as segments; the only place where the transcript makes styles meet text."""
        if line.kind == "marker":
            return self._marker_strip(line)
        base = self._style(line.kind if line.kind != "blank" else "asst")
        gutter = self._style(f"role-{line.kind}") if line.kind in ("you", "asst") else base
        segments = [Segment(line.gutter, gutter)]
        segments += [Segment(text, base + self._look(owner)) for text, owner in line.runs]
        if self.live and number == len(self.folds.lines) - 1:
            segments.append(Segment(CURSOR, self._style("cursor")))
        return Strip(segments).simplify()

    def _marker_strip(self, line: Line) -> Strip:
        marker, rule = self._style("marker"), self._style("rule")
        width = self.folds.width + GUTTER
        room = width - len(line.tail) - 6
        text = line.text if len(line.text) <= room else line.text[: max(room - 1, 1)] + "…"
        fill = "─" * max(width - len(text) - len(line.tail) - 4, 1)
        return Strip([Segment("◆ ", marker), Segment(text, marker), Segment(f" {fill} {line.tail}", rule)])

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"transcript--{name}")

    def _look(self, owner: Owner) -> Style:
        if isinstance(owner, Marker):
            return self._style("chip")
        if owner is None or owner.index < 0:
            return Style.null()
        if owner.injected:
            return self._style("injected")
        return self._heat(owner)

    def _heat(self, piece: Piece) -> Style:
        """On the chosen channel; before one is chosen, on the first that was measured."""
        name = self.channel or next(iter(piece.projections), "")
        if self.encoding == "off" or name not in piece.projections or name not in self.spreads:
            return Style.null()
        return self._palette_now()[level(self.spreads[name].sigmas(piece.projections[name])) + STEPS]

    def _palette_now(self) -> list[Style]:
        if not self._palette:
            variables = self.app.get_css_variables()
            cool, warm = Color.parse(variables["heat-cool"]), Color.parse(variables["heat-warm"])
            self._palette = palette(self.background_colors[1], cool, warm, self.encoding)
        return self._palette

    # Selection -------------------------------------------------------------------------------------------------

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected words without gutter; a folded sentence is copied as one line."""
        out: list[str] = []
        for number, line in enumerate(self.folds.lines):
            if (span := selection.get_span(number)) is None:
                continue
            start, end = span
            shown = line.gutter + line.text
            start, end = max(start, len(line.gutter)), len(shown) if end == -1 else end
            out.append(shown[start:end] + ("" if line.soft else "\n"))
        return "".join(out).removesuffix("\n"), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()
