"""A screen as text: its characters, and what each run of them is painted with, by the theme's names for colours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rich.color import Color
from rich.style import Style
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.widget import Widget

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789αβγδεζηθικλμνξοπρστυφχψω"
ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike")
Cell = tuple[str, Style]


@dataclass(frozen=True)
class Picture:
    """One moment of a screen: a row of (character, style) for every row of the terminal."""

    rows: Sequence[Sequence[Cell]]
    names: Mapping[str, str]

    @classmethod
    def of(cls, app: Any) -> Picture:
        """The screen on top; of a dialog the dialog alone, because what lies behind has pictures of its own."""
        screen = app.screen
        rows = [list(_cells(strip)) for strip in screen._compositor.render_strips()]
        if isinstance(screen, ModalScreen) and screen.children:
            rows = _cut(rows, _box(screen.children[0]))
        return cls(rows, _names(app.get_css_variables()))

    def characters(self) -> list[str]:
        return ["".join(char for char, _ in row).rstrip() for row in self.rows]

    def paint(self) -> list[str]:
        """A letter per run with how many cells it takes, and under them what each letter stands for."""
        legend: dict[str, str] = {}
        lines = []
        for row in self.rows:
            runs = [
                (look, len([*group])) for look, group in groupby(row, key=lambda cell: self._look(cell[1]))
            ]
            lines.append(
                " ".join(f"{legend.setdefault(look, LETTERS[len(legend)])}{count}" for look, count in runs)
            )
        return [*lines, *(f"{letter} = {look}" for look, letter in legend.items())]

    def _look(self, style: Style) -> str:
        words = [self._name(style.color), "on", self._name(style.bgcolor)]
        return " ".join([*words, *(name for name in ATTRIBUTES if getattr(style, name))])

    def _name(self, colour: Color | None) -> str:
        if colour is None or colour.is_default:
            return "default"
        shade = colour.get_truecolor().hex
        return self.names.get(shade, shade)


def _cells(strip: Any) -> Iterator[Cell]:
    for text, style, _ in strip:
        for char in text:
            yield char, style or Style.null()


def _box(dialog: Widget) -> Region:
    """Where a dialog stands; the palette's own frame is hidden and has no place, only what is in it."""
    return dialog.region or Region.from_union([each.region for each in dialog.query("*") if each.region])


def _cut(rows: list[list[Cell]], region: Region) -> list[list[Cell]]:
    """The part of a dialog; a character of two cells shifts the rest of its row, which only its own dialog has."""
    return [row[region.x : region.right] for row in rows[region.y : region.bottom]]


def _names(variables: Mapping[str, str]) -> dict[str, str]:
    """Short names first: where two mean one colour, the plainer says it."""
    known: dict[str, str] = {}
    for name, value in sorted(variables.items(), key=lambda item: (len(item[0]), item[0])):
        if value.startswith("#") and len(value) == 7:
            known.setdefault(value.lower(), name)
    return known
