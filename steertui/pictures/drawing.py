"""A screen as a small SVG file: the rows that Textual drew, as searchable text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from rich.cells import cell_len
from rich.color import blend_rgb
from rich.color_triplet import ColorTriplet
from rich.style import Style
from textual.strip import Strip

from steertui.pictures import shapes

WIDE, HIGH, SIZE, EDGE = 8.43, 17.0, 14, 10
"""A cell, its letters and the margin around the screen, in pixels."""
FACE = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"
INK, PAPER = ColorTriplet(213, 218, 227), ColorTriplet(16, 19, 26)
STRETCH = re.compile(rf"[{shapes.ALL}]+|[!-~]+(?: [!-~]+)*|[^ -~]")
"""Runs of box and block characters, runs of ASCII text, and every other character alone (font widths
differ).
"""
Screen = Sequence[Strip]


@dataclass
class SvgDrawing:
    """Draws rows as SVG and collects their styles as CSS classes."""

    looks: dict[str, str] = field(default_factory=dict)

    def row(self, strip: Strip) -> str:
        """One row at the origin: backgrounds first, text on top."""
        x = 0
        grounds: list[str] = []
        words: list[str] = []
        for text, style, control in Strip(strip.discard_meta()).simplify():
            if control:
                continue
            cells = cell_len(text)
            ink, paper = _colours(style)
            # Cells in the colour of the whole drawing need no background of their own.
            if paper != PAPER:
                fill = self._style_class(f"fill:{paper.hex}")
                grounds.append(f'<path class="{fill}" d="M{_px(x)} 0h{_px(cells)}v17h-{_px(cells)}z"/>')
            words += self._words(text, x, ink, style)
            x += cells
        return "".join([*grounds, *words])

    def _words(self, text: str, x: int, ink: ColorTriplet, style: Style | None) -> Iterable[str]:
        """Text runs without gaps: SVG viewers may collapse blanks and use other font metrics than a
        terminal.
        """
        look = f"fill:{ink.hex}"
        look += ";font-weight:700" if style and style.bold else ""
        look += ";font-style:italic" if style and style.italic else ""
        look += ";text-decoration:underline" if style and style.underline else ""
        for found in STRETCH.finditer(text):
            words, at = found[0], x + cell_len(text[: found.start()])
            if shapes.is_drawn(words[0]):
                plain = self._style_class(f"fill:{ink.hex}")
                yield f'<path class="{plain}" d="{shapes.svg_path(words, WIDE * at, WIDE, HIGH)}"/>'
            else:
                # textLength makes the run as wide as its cells in any font.
                place = f'x="{_px(at)}" textLength="{_px(cell_len(words))}"'
                yield f'<text class="{self._style_class(look)}" y="13" {place}>{escape(words, quote=False)}</text>'

    def _style_class(self, rules: str) -> str:
        # Equal styles share one class, which keeps the file small.
        return self.looks.setdefault(rules, f"c{len(self.looks)}")

    def sheet(self) -> str:
        classes = "".join(f".{name}{{{rules}}}" for rules, name in self.looks.items())
        return f"<style>text{{font:{SIZE}px {FACE};white-space:pre}}{classes}</style>"


def still_svg(screen: Screen) -> str:
    """One screen as an SVG file."""
    drawing = SvgDrawing()
    rows = "".join(
        f'<g transform="translate(0 {_short(HIGH * y)})">{drawn}</g>'
        for y, strip in enumerate(screen)
        if (drawn := drawing.row(strip))
    )
    return framed_svg(screen, drawing.sheet(), rows)


def framed_svg(screen: Screen, head: str, body: str) -> str:
    """The SVG document around a screen's body, with background and margin."""
    width, height = WIDE * screen[0].cell_length, HIGH * len(screen)
    outer = f"0 0 {_short(width + 2 * EDGE)} {_short(height + 2 * EDGE)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{outer}">'
        f'{head}<rect width="100%" height="100%" rx="8" fill="{PAPER.hex}"/>'
        f'<svg x="{EDGE}" y="{EDGE}" width="{_short(width)}" height="{_short(height)}">{body}</svg></svg>\n'
    )


def _colours(style: Style | None) -> tuple[ColorTriplet, ColorTriplet]:
    ink = style.color.get_truecolor() if style and style.color and not style.color.is_default else INK
    paper = (
        style.bgcolor.get_truecolor() if style and style.bgcolor and not style.bgcolor.is_default else PAPER
    )
    # Before dim, which blends the colours as they are shown.
    if style and style.reverse:
        ink, paper = paper, ink
    return (blend_rgb(ink, paper, 0.5) if style and style.dim else ink), paper


def _px(cells: int) -> str:
    return _short(WIDE * cells)


def _short(pixels: float) -> str:
    return f"{pixels:.1f}".removesuffix(".0")
