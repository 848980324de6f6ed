"""Plot of a weight difference over the layers: relative change per kind of matrix, and its alignment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vectors.plots.layers import plot_layer_curves
from vectors.plots.marks import PlotAxes, PlotCurve

Rows = Mapping[str, Mapping[str, Any]]


def draw_diff(path: str | Path, report: Mapping[str, Any]) -> Path:
    """Draw the job's summary `report`."""
    rows = report["modules"]
    panels = [(PlotAxes(y="relative change"), module_curves(rows, lambda row: row["relative_norm"]))]
    if null := report["null"]:
        aligned = module_curves(rows, lambda row: (row.get("cosines") or {}).get("top1"))
        energy = module_curves(rows, lambda row: row.get("energy"))
        panels += [
            (
                PlotAxes(y="cosine, direction 1", limits=(0.0, 1.05), levels=[(null["top1"], "random")]),
                aligned,
            ),
            (PlotAxes(y="share of the change", levels=[(null["energy"], "random")]), energy),
        ]
    beside = f" and {report['vector']}" if report["vector"] else ""
    return plot_layer_curves(path, panels, f"{report['tuned']} − {report['base']}{beside}")


def module_curves(rows: Rows, figure: Callable[[Mapping[str, Any]], float | None]) -> list[PlotCurve]:
    """A curve per kind of block matrix that has this value."""
    found: dict[str, list[tuple[int, float]]] = {}
    for row in rows.values():
        value = figure(row)
        # A tensor of one row or column, such as a norm, would only crowd the plot.
        if (
            row["layer"] is not None
            and value is not None
            and len(row["shape"]) == 2
            and min(row["shape"]) > 1
        ):
            found.setdefault(row["module"], []).append((row["layer"], value))
    return [
        PlotCurve(module, [layer for layer, _ in points], [value for _, value in points])
        for module, points in found.items()
    ]
