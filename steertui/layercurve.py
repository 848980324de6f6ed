"""A figure over the layers of a model, drawn with characters for a command's answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace

from steertui.widgets import glyphs
from steertui.widgets.chart.curves import Curve, Dot, chart

WIDTH, HEIGHT = 72, 11
FEWEST = 3
"""Layers below which a table says it better."""
PLAIN = dict.fromkeys(
    ("background", "border", "primary", "accent", "secondary", "success", "warning"), "#000000"
)
Interval = tuple[float | None, float | None] | None


def layer_curve(
    name: str,
    values: Mapping[str, float | None],
    intervals: Mapping[str, Interval] | None = None,
    beside: tuple[str, Mapping[str, float | None]] | None = None,
) -> Iterator[str]:
    """Lines of text, none where there is nothing to draw; `values` by the layer's number, `beside` another's."""
    curves = [_curve(name, values, intervals or {}), *([_curve(*beside, {})] if beside else [])]
    if max(len(curve.dots) for curve in curves) < FEWEST:
        return
    before = glyphs.now()
    colours = 2 if beside else before.colours  # two curves are told apart by a sign, for there is no ink
    glyphs.use(replace(before, braille=_speaks_unicode(), colours=colours))
    try:
        lines = chart(curves, _width(), HEIGHT, PLAIN, x_name="layer")
    finally:
        glyphs.use(before)
    yield from (line.plain.rstrip() for line in lines)


def _curve(name: str, values: Mapping[str, float | None], intervals: Mapping[str, Interval]) -> Curve:
    dots = []
    for layer, value in values.items():
        low, high = intervals.get(layer) or (None, None)
        if value is not None:
            dots.append(Dot(int(layer), value, low, high))
    return Curve.of(name, dots)


def _width() -> int:
    try:
        return min(WIDTH, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError):
        return WIDTH


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
