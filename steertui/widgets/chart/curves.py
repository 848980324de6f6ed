"""Line charts: axes, intervals, and a legend that gives each curve's maximum."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.text import Text
from textual.color import Color

from steertui.text import safe_text
from steertui.widgets import glyphs
from steertui.widgets.bars import clip_text
from steertui.widgets.chart.canvas import BAND, PLAIN, DotCanvas
from steertui.widgets.chart.chart_axis import ChartAxis

INKS = ("primary", "accent", "secondary", "success", "warning")
SPARSE = 3
"""Points at least this many cells apart are marked individually."""
COLOURED = 16
"""On a terminal with fewer colours, each curve carries its number at its end."""
QUIET = "dim"
PAD = 0.04
FAINT = 0.45
NARROWEST = 12
FRAME = 3
"""Rows not used for curves: the legend, the axis and its numbers."""


@dataclass(frozen=True)
class CurvePoint:
    """A point (x, y) with its interval, if it has one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ChartCurve:
    """A named curve of points in order of x."""

    name: str
    dots: tuple[CurvePoint, ...]

    @classmethod
    def of(cls, name: str, dots: Sequence[CurvePoint]) -> ChartCurve:
        """A curve of these points sorted by x; points that are not finite are dropped."""
        finite = (dot for dot in dots if math.isfinite(dot.x) and math.isfinite(dot.y))
        return cls(name, tuple(sorted(finite, key=lambda dot: dot.x)))

    @property
    def highest(self) -> CurvePoint:
        return max(self.dots, key=lambda dot: dot.y)


def draw_chart(
    curves: Sequence[ChartCurve], width: int, height: int, colours: Mapping[str, str], *, x_name: str = ""
) -> list[Text]:
    """A chart of `height` rows and at most `width` cells; an empty list without data or without room."""
    curves = [curve for curve in curves if curve.dots]
    rows = height - FRAME
    if not curves or rows < 2:
        return []
    down = ChartAxis.over(_values_to_fit(curves), max(2, rows // 2), pad=PAD)
    labels = {tick: down.word(tick) for tick in down.ticks}
    margin = max(map(len, labels.values())) + 1
    if width - margin < NARROWEST:
        return []
    xs = [dot.x for curve in curves for dot in curve.dots]
    # Layers and other whole numbers get whole ticks.
    whole = all(x == int(x) for x in xs)
    across = ChartAxis.over(xs, max(2, (width - margin) // 10), whole=whole)
    canvas = DotCanvas(width - margin - 1, rows)
    for ink, curve in enumerate(curves):
        _draw_curve(canvas, curve, ink, across, down)
    ticks = {_row(down.place(tick, canvas.dots[1]), canvas): words for tick, words in labels.items()}
    inks = _inks(len(curves), colours)
    body = [_plot_row(canvas, row, ticks.get(row, ""), margin, inks) for row in range(rows)]
    return [_legend(curves, width, x_name, inks), *body, *_axis_rows(across, canvas.width, margin, colours)]


def _values_to_fit(curves: Sequence[ChartCurve]) -> list[float]:
    """Values that the y axis has to cover; intervals much larger than the data are cut off."""
    values = [dot.y for curve in curves for dot in curve.dots]
    span = (max(values) - min(values)) or abs(values[0]) or 1.0
    ends = [end for curve in curves for dot in curve.dots for end in (dot.low, dot.high) if end is not None]
    return values + [end for end in ends if min(values) - span <= end <= max(values) + span]


def _draw_curve(canvas: DotCanvas, curve: ChartCurve, ink: int, across: ChartAxis, down: ChartAxis) -> None:
    wide, high = canvas.dots

    def spot(x: float, y: float) -> tuple[int, int]:
        # Dots count from above, values from below.
        return across.place(x, wide), high - 1 - down.place(y, high)

    for dot in curve.dots:
        if dot.low is not None and dot.high is not None:
            x, top = spot(dot.x, min(dot.high, down.high))
            bottom = spot(dot.x, max(dot.low, down.low))[1]
            canvas.line((x, top), (x, bottom), BAND)
    spots = [spot(dot.x, dot.y) for dot in curve.dots]
    for start, end in pairwise(spots):
        canvas.line(start, end, ink)
    # A curve of a single point has no line.
    for place in spots:
        canvas.dot(*place, ink)
    if len(spots) * SPARSE <= canvas.width and glyphs.current_glyphs().braille:
        for place in spots:
            canvas.mark(*place, "●", ink)
    if glyphs.current_glyphs().braille and glyphs.current_glyphs().colours < COLOURED:
        canvas.mark(*spots[-1], _curve_sign(ink), ink)


def _row(dot: int, canvas: DotCanvas) -> int:
    """The cell row of a dot counted from below."""
    return (canvas.dots[1] - 1 - dot) * canvas.height // canvas.dots[1]


def _inks(count: int, colours: Mapping[str, str]) -> dict[int | None, str]:
    """The colours of the curves, of intervals, and of the frame."""
    faint = Color.parse(colours["background"]).blend(Color.parse(colours[INKS[0]]), FAINT).hex6
    inks: dict[int | None, str] = {None: colours["border"], BAND: faint}
    return inks | {ink: colours[INKS[ink % len(INKS)]] for ink in range(count)}


def _plot_row(canvas: DotCanvas, row: int, tick: str, margin: int, inks: Mapping[int | None, str]) -> Text:
    line = Text.assemble((f"{tick:>{margin - 1}} ", QUIET))
    line.append("┤" if tick else "│", style=inks[None])
    for column in range(canvas.width):
        char, ink = canvas.cell(column, row)
        line.append(char, style=inks[ink])
    return line


def _axis_rows(axis: ChartAxis, width: int, margin: int, colours: Mapping[str, str]) -> list[Text]:
    """The x axis and the numbers under its ticks, as many as fit without touching."""
    rule, words, free = ["─"] * width, [" "] * width, 0
    for tick in axis.ticks:
        place, text = axis.place(tick, width), axis.word(tick)
        start = max(0, min(place - len(text) // 2, width - len(text)))
        if start >= free:
            rule[place] = "┴"
            words[start : start + len(text)] = text
            free = start + len(text) + 1
    foot = Text(" " * margin + "└" + "".join(rule), style=colours["border"])
    return [foot, Text(" " * (margin + 1) + "".join(words), style=QUIET)]


def _legend(curves: Sequence[ChartCurve], width: int, x_name: str, inks: Mapping[int | None, str]) -> Text:
    """Curve names in their colours, each with its maximum; entries that do not fit are left out."""
    line, place = Text(), f"{safe_text(x_name)} " if x_name else ""
    for ink, curve in enumerate(curves):
        top = curve.highest
        part = Text(f"{_curve_sign(ink)} {clip_text(safe_text(curve.name), 32)}", style=inks[ink])
        part.append(f"  max {top.y:.3g} at {place}{top.x:g}   ".replace("-", "−"), style=QUIET)
        # The first entry always stays, and is cut below.
        if line.cell_len + part.cell_len > width and line.cell_len:
            break
        line.append_text(part)
    line.truncate(width)
    return line


def _curve_sign(ink: int) -> str:
    """The legend symbol of a curve: its ASCII mark, its number, or a line in its colour."""
    pen = glyphs.current_glyphs()
    if not pen.braille:
        return PLAIN[ink % len(PLAIN)]
    return str(ink + 1) if pen.colours < COLOURED else "━"
