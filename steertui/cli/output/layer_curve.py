"""Draws a value per layer as a text chart for a command's output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace

from steertui.widgets import glyphs
from steertui.widgets.chart.curves import ChartCurve, CurvePoint, draw_chart

WIDTH, HEIGHT = 72, 11
FEWEST = 3
"""With fewer layers a table is clearer than a chart."""
PLAIN = dict.fromkeys(
    ("background", "border", "primary", "accent", "secondary", "success", "warning"), "#000000"
)
Interval = tuple[float | None, float | None] | None


def draw_layer_curve(
    name: str,
    values: Mapping[str, float | None],
    intervals: Mapping[str, Interval] | None = None,
    beside: tuple[str, Mapping[str, float | None]] | None = None,
) -> Iterator[str]:
    """Yield the lines of the chart, none with too few layers; `beside` is a second curve with its name."""
    curves = [_curve(name, values, intervals or {}), *([_curve(*beside, {})] if beside else [])]
    if max(len(curve.dots) for curve in curves) < FEWEST:
        return
    before = glyphs.current_glyphs()
    colours = (
        2 if beside else before.colours
    )  # without colour two curves are distinguished by their character
    # The glyphs are global, so they are restored below.
    glyphs.set_glyphs(replace(before, braille=_supports_unicode(), colours=colours))
    try:
        lines = draw_chart(curves, _terminal_width(), HEIGHT, PLAIN, x_name="layer")
    finally:
        glyphs.set_glyphs(before)
    yield from (line.plain.rstrip() for line in lines)


def _curve(name: str, values: Mapping[str, float | None], intervals: Mapping[str, Interval]) -> ChartCurve:
    dots = []
    for layer, value in values.items():
        low, high = intervals.get(layer) or (None, None)
        if value is not None:
            dots.append(CurvePoint(int(layer), value, low, high))
    return ChartCurve.of(name, dots)


def _terminal_width() -> int:
    try:
        return min(WIDTH, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError):
        return WIDTH


def _supports_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
