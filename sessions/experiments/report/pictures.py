"""The plots of a report, each drawn from events that every experiment yields.

Curves come from points (series named `measure, condition`: one plot per measure), outcome bars from
tables with one row per condition, histograms from the answers' projections, grids from cells. Without
matplotlib there are no plots, and the report says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.jobs.job import Cell, Point
from sessions.experiments.report import labels
from sessions.experiments.report.found import ReportData
from sessions.experiments.report.tables import filled_columns, group_rows, is_long
from sessions.experiments.report.texts import clean_text
from sessions.experiments.scoring.conditions import RANDOM, UNSTEERED

MISSING = "The plots need matplotlib: pip install 'steertui[plot]'."
NUMBERED = re.compile(rf"{RANDOM} \d")
"""Name of one of several random directions, which are drawn as a grey bundle."""
MOST_BARS, MOST_SPREADS, BINS, LONGEST = 24, 4, 16, 24
Grid = tuple[list[Any], list[Any], dict[Any, float]]


def draw_pictures(found: ReportData, folder: Path) -> dict[str, Path]:
    """{title: file}; empty without matplotlib."""
    if not has_matplotlib():
        return {}
    made: dict[str, Path] = {}
    for name, paint in _plan_pictures(found):
        for suffix in ("svg", "png"):
            # The PNG comes last, and the report shows that one.
            made[name] = paint(folder / f"{_file_name(name)}.{suffix}")
    return made


def has_matplotlib() -> bool:
    return find_spec("matplotlib") is not None


def _plan_pictures(found: ReportData) -> Iterator[tuple[str, Any]]:
    """(title, function that draws the plot into a file)."""
    from vectors.plots.charts import plot_bars, plot_histogram, plot_lines
    from vectors.plots.marks import PlotAxes

    for measure, series in _curves(found.points).items():
        axes = PlotAxes(
            measure,
            labels.x_label(found, measure),
            labels.y_label(measure),
            levels=labels.alert_lines(found, measure),
            places=labels.marked_places(found, measure),
        )
        # Bound as defaults: a closure would see only the loop's last values.
        yield measure, lambda path, s=series, a=axes: plot_lines(path, _to_plot_curves(s), a)
    for name, values, bounds in _outcomes(found):
        axes = PlotAxes(name, y=labels.y_label(name.rpartition(": ")[2]))
        quiet = [one for one in values if _is_control(one)]
        yield name, lambda path, v=values, a=axes, b=bounds, q=quiet: plot_bars(path, v, a, b, q)
    for name, samples in _spreads(found).items():
        axes = PlotAxes(title=name, x=name, y="answers")
        yield name, lambda path, s=samples, a=axes: plot_histogram(path, s, a, BINS)
    for name, cells in _grids(found.cells).items():
        yield name, partial(_draw_grid, cells, name)


def _curves(points: Sequence[Point]) -> dict[str, dict[str, list[Point]]]:
    """Points grouped by measure, then by condition; a series is named `measure, condition`."""
    found: dict[str, dict[str, list[Point]]] = {}
    for point in points:
        measure, _, who = clean_text(point.series).partition(", ")
        found.setdefault(measure, {}).setdefault(who, []).append(point)
    return {name: series for name, series in found.items() if "by condition" not in name}


def _to_plot_curves(series: Mapping[str, Sequence[Point]]) -> list[Any]:
    from vectors.plots.marks import PlotCurve

    made = []
    many = any(map(NUMBERED.match, series))
    for who, points in series.items():
        ordered = sorted(points, key=lambda point: point.x)
        # Bands of many random directions would cover the plot.
        quiet = many and who.startswith(RANDOM)
        low, high = ([], []) if quiet else ([p.lo for p in ordered], [p.hi for p in ordered])
        x, y = [point.x for point in ordered], [point.y for point in ordered]
        made.append(PlotCurve(who, x, y, low or None, high or None, dashed=_is_control(who), quiet=quiet))
    return made


def _is_control(name: str) -> bool:
    """Whether a condition is a control: a random direction, or a change at shuffled places."""
    return "random" in name or "shuffled" in name


def _draw_grid(cells: Grid, name: str, path: Path) -> Path:
    from vectors.plots.charts import plot_heatmap
    from vectors.plots.marks import PlotAxes

    rows, places, values = cells
    return plot_heatmap(path, rows, places, values, PlotAxes(title=name))


Outcome = tuple[str, dict[str, float | None], dict[str, tuple[float, float]]]


def _outcomes(found: ReportData) -> Iterator[Outcome]:
    """The columns with intervals of every table that has one row per condition."""
    for table, rows in group_rows(found.rows).items():
        names = [str(row.get("condition", "")) for row in rows]
        # Tables with other keys than the condition have no single bar per condition.
        if is_long(table) or not all(names) or len(set(names)) < len(names) or len(names) > MOST_BARS:
            continue
        for column in filled_columns(rows):
            bounded = [row for row in rows if isinstance(row.get(f"{column}_lo"), float)]
            if bounded:
                conditions = [clean_text(str(row["condition"])) for row in bounded]
                values = {name: row.get(column) for name, row in zip(conditions, bounded, strict=True)}
                ends = [(row[f"{column}_lo"], row[f"{column}_hi"]) for row in bounded]
                yield clean_text(f"{table}: {column}"), values, dict(zip(conditions, ends, strict=True))


def _spreads(found: ReportData) -> dict[str, dict[str, list[float]]]:
    """Projections of single answers by condition, if the answer rows have them."""
    spread: dict[str, list[float]] = {}
    for row in found.table("answers"):
        if isinstance(row.get("echo"), float) and not str(row["condition"]).startswith("random"):
            spread.setdefault(clean_text(str(row["condition"])), []).append(row["echo"])
    # More histograms than a few cannot be told apart: keep unsteered and the two ends.
    if len(spread) > MOST_SPREADS:
        levels = [name for name in spread if name != UNSTEERED]
        spread = {name: row for name, row in spread.items() if name in (UNSTEERED, levels[0], levels[-1])}
    return {"projection on the vector": spread} if len(spread) > 1 else {}


def _grids(cells: Sequence[Cell]) -> dict[str, Grid]:
    found: dict[str, Grid] = {}
    for name in dict.fromkeys(cell.grid for cell in cells):
        mine = [cell for cell in cells if cell.grid == name]
        values = {(_shorten_name(cell.row), _shorten_name(cell.column)): cell.value for cell in mine}
        rows, columns = (list(dict.fromkeys(key[side] for key in values)) for side in (0, 1))
        found[clean_text(name)] = rows, columns, values
    return found


def _shorten_name(name: str | int) -> str:
    """The end of a long name: model paths differ at their end."""
    text = clean_text(str(name))
    return text if len(text) <= LONGEST else f"…{text[1 - LONGEST :]}"


def _file_name(name: str) -> str:
    """A plot's title as a file name; minus and plus signs are spelled out so that names stay distinct."""
    spelled = name.replace("−", "minus ").replace("+", "plus ")
    return re.sub(r"[^a-z0-9]+", "-", spelled.lower()).strip("-") or "picture"
