"""The bottom line: the keys that work now, as many as fit; each is also a button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from steertui.widgets.painted import Row, RowWidget

HELP = "app.help"
Hint: TypeAlias = tuple[str, str, str]


class Hints(RowWidget):
    """Shows (key, words, action) triples, the most important first."""

    PREFIX = "hints"
    COMPONENT_CLASSES = {"hints--key", "hints--words"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.hints: Sequence[Hint] = ()

    def show(self, hints: Sequence[Hint]) -> None:
        if list(hints) != list(self.hints):
            self.hints = list(hints)
            self.refresh()

    def rows(self, width: int) -> Sequence[Row]:
        segments: list[Segment] = []
        for key, words, action in self._fitting_hints(width):
            click = Style(meta={"@click": action})
            segments.append(Segment(f" {key}", self.part_style("key") + click))
            segments.append(Segment(f" {words} ", self.part_style("words") + click))
        return [segments]

    def _fitting_hints(self, width: int) -> list[Hint]:
        """As many hints from the left as fit; help always stays, since it lists all keys."""
        room = width - sum(_cells(hint) for hint in self.hints if hint[2] == HELP)
        kept = []
        for hint in self.hints:
            # The room stays negative after the first hint that does not fit, so all later ones go as well.
            if hint[2] != HELP and (room := room - _cells(hint)) < 0:
                continue
            kept.append(hint)
        return kept


def _cells(hint: Hint) -> int:
    key, words, _ = hint
    return cell_len(f" {key} {words} ")
