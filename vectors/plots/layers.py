"""Curves over the layers of a model: what an extraction found, how two vectors agree, where a tuning changed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vectors.plots.charts import stack
from vectors.plots.marks import Axes, Curve

Layers = Mapping[str, Mapping[str, Any]]


def layer_curves(path: str | Path, panels: Sequence[tuple[Axes, Sequence[Curve]]], title: str = "") -> Path:
    """Panels that share their layers; only the last one names the axis."""
    *others, (axes, curves) = panels
    return stack(path, [*others, (replace(axes, x=axes.x or "layer"), curves)], title)


def curve(name: str, layers: Layers, key: str, interval: str = "") -> Curve:
    """One figure of a report's `layers` table, with its interval where the table has one."""
    x = [int(layer) for layer in layers]
    y = [found.get(key) for found in layers.values()]
    if not interval:
        return Curve(name, x, y)
    bounds = [found.get(interval) or (None, None) for found in layers.values()]
    return Curve(name, x, y, [low for low, _ in bounds], [high for _, high in bounds])
