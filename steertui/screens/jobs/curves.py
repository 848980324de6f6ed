"""The curves of a job: the points it reported, and its tables drawn over their keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import zip_longest

from rich.text import Text

from steertui.screens.jobs.report import Report
from steertui.screens.jobs.table import curve, drawable
from steertui.widgets.bars import clip
from steertui.widgets.chart.curves import Curve, Dot, chart

PANEL = 46
"""Two charts stand side by side when each has this much room."""
HEIGHT = 10
APART = re.compile(r", | · |/|: ")
"""What stands before one of these names what is measured, what stands after it for whom."""
TABLES = {"layers": "layer", "doses": "dose"}
"""What the keys of a table of this name are."""
OVER = {"check": "dose"}
"""What x is in the points that a job of this kind reports."""
MEANT = {
    "d": "Cohen's d: how far apart the classes lie",
    "echo": "what was said, projected unsteered, in ‖h‖",
    "propensity": "nats a token in favour of positive words",
    "nll": "nats a token of what was said, unsteered",
    "kl": "nats by which the next token's odds move",
}
"""The line under the plot of a measure; formulas in docs/methods.md."""


def panels(report: Report) -> dict[str, tuple[str, list[Curve]]]:
    """By title, what x is and what is drawn together: series of one measure, columns alone."""
    found: dict[str, tuple[str, list[Curve]]] = {}
    for series, points in report.curves.items():
        dots = [Dot(float(p.x), float(p.y), p.lo, p.hi) for p in points.values()]
        title = APART.split(series, maxsplit=1)[0]
        found.setdefault(title, (OVER.get(report.kind, ""), []))[1].append(Curve.of(series, dots))
    for name, rows in report.tables.items():
        over = TABLES.get(name, name)
        for column in drawable(rows):
            if column != over:
                found.setdefault(column, (over, []))[1].append(curve(rows, column))
    return found


def leading(report: Report, wanted: str, width: int, height: int, colours: Mapping[str, str]) -> list[Text]:
    """The chosen panel, else the first."""
    known = panels(report)
    title = wanted if wanted in known else next(iter(known), "")
    if not title:
        return []
    x_name, curves = known[title]
    return _explained(title, chart(curves, width, height, colours, x_name=x_name), width)


def _explained(title: str, drawn: list[Text], width: int) -> list[Text]:
    """A plot, and below it what its measure is."""
    meant = MEANT.get(title, "")
    return [*drawn, Text(clip(meant, width), style="dim")] if drawn and meant else drawn


def all_curves(report: Report, width: int, colours: Mapping[str, str]) -> list[Text]:
    """Every panel, two beside each other where there is room."""
    beside = 2 if width >= 2 * PANEL else 1
    room = (width - 2 * (beside - 1)) // beside
    drawn = [
        _explained(title, chart(curves, room, HEIGHT, colours, x_name=x), room)
        for title, (x, curves) in panels(report).items()
    ]
    lines: list[Text] = []
    for start in range(0, len(drawn), beside):
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
