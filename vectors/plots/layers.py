"""Curves over the layers of a model, for extraction reports, alignments and weight differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vectors.plots.charts import plot_panels
from vectors.plots.marks import PlotAxes, PlotCurve

Layers = Mapping[str, Mapping[str, Any]]


def plot_layer_curves(
    path: str | Path, panels: Sequence[tuple[PlotAxes, Sequence[PlotCurve]]], title: str = ""
) -> Path:
    """Plot panels that share the layer axis; only the last one labels it."""
    *others, (axes, curves) = panels
    return plot_panels(path, [*others, (replace(axes, x=axes.x or "layer"), curves)], title)


def report_curve(name: str, layers: Layers, key: str, interval: str = "") -> PlotCurve:
    """One column of a report's `layers` table as a curve, with its interval where the table has one."""
    x = [int(layer) for layer in layers]
    y = [found.get(key) for found in layers.values()]
    if not interval:
        return PlotCurve(name, x, y)
    bounds = [found.get(interval) or (None, None) for found in layers.values()]
    return PlotCurve(name, x, y, [low for low, _ in bounds], [high for _, high in bounds])
