"""The curves of a job: the points it reported, and columns of its tables over their keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import zip_longest

from rich.text import Text

from steertui.screens.jobs.job_report import JobReport
from steertui.screens.jobs.results.table import column_curve, drawable_columns
from steertui.widgets.bars import clip_text
from steertui.widgets.chart.curves import ChartCurve, CurvePoint, draw_chart

PANEL = 46
"""Width each chart needs for two to stand side by side."""
HEIGHT = 10
APART = re.compile(r", | · |/|: ")
"""Separates the measure in a series name from the rest (condition, vector …)."""
TABLES = {"layers": "layer", "doses": "dose"}
"""The x axis of tables with these names."""
OVER = {"check": "dose"}
"""The x axis of the points that jobs of this kind report."""
MEANT = {
    "d": "Cohen's d: how far apart the classes lie",
    "echo": "projection of the text on the vector, unsteered, in ‖h‖",
    "propensity": "nats per token in favour of positive texts",
    "nll": "nats per token under the unsteered model",
    "kl": "KL of the next-token distribution, in nats",
}
"""The line under the chart of a measure; formulas are in docs/methods.md."""


def curve_panels(report: JobReport) -> dict[str, tuple[str, list[ChartCurve]]]:
    """By title: the x axis and its curves. Series of one measure share a panel; each table column has its
    own.
    """
    found: dict[str, tuple[str, list[ChartCurve]]] = {}
    for series, points in report.curves.items():
        dots = [CurvePoint(float(p.x), float(p.y), p.lo, p.hi) for p in points.values()]
        title = APART.split(series, maxsplit=1)[0]
        found.setdefault(title, (OVER.get(report.kind, ""), []))[1].append(ChartCurve.of(series, dots))
    for name, rows in report.tables.items():
        over = TABLES.get(name, name)
        for column in drawable_columns(rows):
            # A table may hold its own axis as a column.
            if column != over:
                found.setdefault(column, (over, []))[1].append(column_curve(rows, column))
    return found


def leading_panel(
    report: JobReport, wanted: str, width: int, height: int, colours: Mapping[str, str]
) -> list[Text]:
    """The chart of the chosen panel, or of the first one."""
    known = curve_panels(report)
    title = wanted if wanted in known else next(iter(known), "")
    if not title:
        return []
    x_name, curves = known[title]
    return _with_explanation(title, draw_chart(curves, width, height, colours, x_name=x_name), width)


def _with_explanation(title: str, drawn: list[Text], width: int) -> list[Text]:
    """A chart with the line below it that explains its measure."""
    meant = MEANT.get(title, "")
    return [*drawn, Text(clip_text(meant, width), style="dim")] if drawn and meant else drawn


def all_curves(report: JobReport, width: int, colours: Mapping[str, str]) -> list[Text]:
    """Every panel, two side by side where there is room."""
    beside = 2 if width >= 2 * PANEL else 1
    room = (width - 2 * (beside - 1)) // beside
    drawn = [
        _with_explanation(title, draw_chart(curves, room, HEIGHT, colours, x_name=x), room)
        for title, (x, curves) in curve_panels(report).items()
    ]
    lines: list[Text] = []
    for start in range(0, len(drawn), beside):
        # Charts side by side may differ in height.
        for row in zip_longest(*drawn[start : start + beside], fillvalue=Text()):
            lines.append(_side_by_side(row, room))
        lines.append(Text())
    return lines


def _side_by_side(parts: tuple[Text, ...], room: int) -> Text:
    line = Text()
    for part in parts[:-1]:
        line.append_text(part)
        line.append(" " * (room + 2 - part.cell_len))
    return line.append_text(parts[-1])
