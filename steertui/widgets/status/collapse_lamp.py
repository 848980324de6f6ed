"""The collapse lamp: appears when the text degenerates, with the reason and the advice that key l applies."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Size

from sessions.state.collapse import ScaleAdvice, Signs
from steertui.text import safe_text
from steertui.widgets.bars import clip_text, join_fitting
from steertui.widgets.painted import Row, RowWidget

LIT = " ✹ COLLAPSE "


class CollapseLamp(RowWidget):
    """Visible only while there are symptoms: one line, or two if symptoms and advice do not fit on one."""

    PREFIX = "lamp"
    COMPONENT_CLASSES = {"lamp--lit", "lamp--why", "lamp--advice"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.symptoms: Signs = ()
        self.advice: ScaleAdvice | None = None

    def show(self, symptoms: Signs, advice: ScaleAdvice | None) -> None:
        if (symptoms, advice) != (self.symptoms, self.advice):
            self.symptoms, self.advice = symptoms, advice
            self.display = bool(symptoms)
            self.refresh(layout=True)

    def rows(self, width: int) -> Sequence[Row]:
        why = f" {' · '.join(symptom.words for symptom in self.symptoms)} "
        try_this = f"l: {safe_text(self.advice.words)}" if self.advice else ""
        room = width - cell_len(LIT)
        first = [Segment(LIT, self.part_style("lit")), Segment(clip_text(why, room), self.part_style("why"))]
        if cell_len(why) + cell_len(try_this) <= room:
            return [[*first, Segment(try_this, self.part_style("advice"))]]
        return [first, [Segment(f" {_shorten_advice(try_this, width - 1)}", self.part_style("advice"))]]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.rows(width))


def _shorten_advice(advice: str, width: int) -> str:
    """The advice cut to `width` cells: the change itself first, the remark behind it only if it fits."""
    parts = advice.split("; ")
    return join_fitting(parts, width, "; ") if cell_len(parts[0]) <= width else clip_text(advice, width)
