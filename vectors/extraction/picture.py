"""Plots an extraction over the layers: class separation, held-out accuracy, vector norm, and alignment
with another vector.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vectors.diff.alignment import MODERATE, STRONG
from vectors.plots.layers import Layers, plot_layer_curves, report_curve
from vectors.plots.marks import PlotAxes, PlotCurve


def draw_report(path: str | Path, report: Mapping[str, Any]) -> Path:
    """Write the plot file; `report` is the summary of the job."""
    layers = report["layers"]
    best = [(report["best_layer"], "best layer")] if report["best_layer"] is not None else []
    panels = [
        (PlotAxes(y="held-out d", levels=[(0.0, "")], places=best), [report_curve("d", layers, "d", "d_ci")]),
        (
            PlotAxes(y="held-out share", limits=(0.0, 1.04), levels=[(0.5, "chance")]),
            [
                report_curve("accuracy at the midpoint", layers, "accuracy", "accuracy_ci"),
                report_curve("accuracy at zero", layers, "sign_accuracy"),
                report_curve("AUROC", layers, "auroc"),
            ],
        ),
        (PlotAxes(y="norm / residual norm"), [report_curve("norm", layers, "relative_norm")]),
    ]
    measured = any(found["n_holdout"] for found in layers.values())
    # Without a hold-out only the norms are known.
    shown = panels if measured else panels[2:]
    if published := report.get("published"):
        shown = [*shown, published_panel(layers, published)]
    if aligned := report.get("alignment"):
        shown = [*shown, alignment_panel(aligned)]
    return plot_layer_curves(path, shown, f"{report['vector']}: {report['contrast']}, {report['method']}")


def published_panel(layers: Layers, published: Mapping[str, Any]) -> tuple[PlotAxes, list[PlotCurve]]:
    """d as the authors of the evaluation file define it: this vector's and the published values."""
    ours = {layer: found["axes"] for layer, found in layers.items() if found.get("axes")}
    theirs = replace(report_curve(published["name"], published["layers"], "d"), dashed=True)
    return PlotAxes(y="d, population", levels=[(0.0, "")]), [report_curve("here", ours, "d"), theirs]


def alignment_panel(aligned: Mapping[str, Any]) -> tuple[PlotAxes, list[PlotCurve]]:
    """Cosine per layer, the range of random directions, and the thresholds of the verdict."""
    lines = [
        (sign * line, word) for line, word in ((STRONG, "strong"), (MODERATE, "moderate")) for sign in (1, -1)
    ]
    band = aligned["random_band"]
    axes = PlotAxes(y="cosine", limits=(-1.05, 1.05), levels=lines, chance=(-band, band))
    cosines = aligned["layers"]
    return axes, [
        PlotCurve(f"with {aligned['vector']}", [int(layer) for layer in cosines], list(cosines.values()))
    ]
