"""The bottom line: the keys that do something now, as many as fit; each is also a button."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from steertui.widgets.painted import Painted, Row


class Hints(Painted):
    """Shows (key, words, action) triples, the important ones first."""

    PREFIX = "hints"
    COMPONENT_CLASSES = {"hints--key", "hints--words"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.hints: Sequence[tuple[str, str, str]] = ()

    def show(self, hints: Sequence[tuple[str, str, str]]) -> None:
        if list(hints) != list(self.hints):
            self.hints = list(hints)
            self.refresh()

    def rows(self, width: int) -> Sequence[Row]:
        segments: list[Segment] = []
        room = width
        for key, words, action in self.hints:
            cells = cell_len(f" {key} {words} ")
            if cells > room:
                break
            room -= cells
            click = Style(meta={"@click": action})
            segments.append(Segment(f" {key}", self.part("key") + click))
            segments.append(Segment(f" {words} ", self.part("words") + click))
        return [segments]
