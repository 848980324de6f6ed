"""Draws one line of the transcript as a strip; the only place that combines styles and text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from steertui.widgets.transcript.document import TextPiece, ThoughtLength, TranscriptMarker
from steertui.widgets.transcript.layout import GUTTER, LayoutLine, Owner
from steertui.widgets.transcript.tint import HeatColours

CURSOR = "▌"


class LinePainter:
    """`style` returns the transcript's component styles by name; `pointed` is the token under the cursor."""

    def __init__(self, style: Callable[[str], Style], tint: HeatColours) -> None:
        self._style, self._tint = style, tint
        self.pointed: TextPiece | None = None
        self.pinned: TextPiece | None = None

    def draw_line(self, line: LayoutLine, width: int, writing: bool) -> Strip:
        """A line of text; `writing` adds a cursor at its end."""
        if line.kind == "marker":
            return self._marker(line, width)
        base = self._style(line.kind if line.kind != "blank" else "asst")
        gutter = self._style(f"role-{line.kind}") if line.kind in ("you", "asst") else base
        segments = [Segment(line.gutter, gutter), *self._runs(line, base)]
        if writing:
            segments.append(Segment(CURSOR, self._style("cursor")))
        return Strip(segments).simplify()

    def _runs(self, line: LayoutLine, base: Style) -> Iterator[Segment]:
        """The segments of a line; the parts of one token (spaces, letters) share one style."""
        last, style = None, base
        for text, owner in line.runs:
            if owner is not last:
                last, style = owner, base + self._style_for(owner)
            yield Segment(text, style)

    def draw_marks(self, line: LayoutLine) -> Strip:
        """The row of marks under a line of an answer: heat as one character per cell."""
        signs = [self._mark_characters(text, owner) for text, owner in line.runs]
        return Strip([Segment(" " * GUTTER + "".join(signs), self._style("marks"))])

    def _mark_characters(self, text: str, owner: Owner) -> str:
        sign = self._tint.mark(owner) if isinstance(owner, TextPiece) and owner.index >= 0 else " "
        # A wide character takes two cells, and so two signs.
        return "".join((" " if char == " " else sign) * cell_len(char) for char in text)

    def _marker(self, line: LayoutLine, width: int) -> Strip:
        marker, rule = self._style("marker"), self._style("rule")
        room = width - len(line.tail) - 6
        text = line.text if len(line.text) <= room else line.text[: max(room - 1, 1)] + "…"
        fill = "─" * max(width - len(text) - len(line.tail) - 4, 1)
        tail = Segment(f" {line.tail}", self._style("marks"))
        return Strip([Segment("◆ ", marker), Segment(text, marker), Segment(f" {fill}", rule), tail])

    def _style_for(self, owner: Owner) -> Style:
        if isinstance(owner, TranscriptMarker):
            return self._style("chip")
        if isinstance(owner, ThoughtLength):
            return self._style("quiet")
        if owner is None:
            return Style.null()
        if owner.origin:
            return self._style(owner.origin)
        if owner.index < 0:
            return Style.null()
        # The cursor has precedence over the pin, and both over heat.
        if owner is self.pointed:
            return self._style("pointed")
        if owner is self.pinned:
            return self._style("pinned")
        return (
            self._style("thought") + self._tint.style(owner) if owner.is_thought else self._tint.style(owner)
        )
