"""Chart types; each function writes one file and returns its path."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vectors.plots.marks import PlotAxes, PlotCurve, draw_curves, draw_legend, finite_or_nan
from vectors.plots.paper import COLOURS, QUIET, draw_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL = (7.0, 2.4)  # inches of one panel
PLAIN = PlotAxes()
CELLS_WITH_NUMBERS = 200  # a heat map with more cells has no numbers in them


def plot_lines(path: str | Path, curves: Sequence[PlotCurve], axes: PlotAxes = PLAIN) -> Path:
    """Plot curves on one pair of axes."""

    def paint(figure: Figure) -> None:
        subplot = figure.add_subplot()
        axes.apply_to(subplot)
        draw_curves(subplot, curves)

    return draw_figure(path, paint)


def plot_panels(
    path: str | Path, panels: Sequence[tuple[PlotAxes, Sequence[PlotCurve]]], title: str = ""
) -> Path:
    """Plot several panels above one another that share their x axis."""

    def paint(figure: Figure) -> None:
        figure.suptitle(title, fontsize="medium")
        for subplot, (axes, curves) in zip(
            figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0], panels, strict=True
        ):
            axes.apply_to(subplot)
            draw_curves(subplot, curves)

    return draw_figure(path, paint, (PANEL[0], PANEL[1] * len(panels) + 0.4))


def plot_bars(
    path: str | Path,
    values: Mapping[str, float | None],
    axes: PlotAxes = PLAIN,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    quiet: Collection[str] = (),
) -> Path:
    """Plot one bar per name, with an error bar where there is an interval; `quiet` names are grey."""

    def paint(figure: Figure) -> None:
        subplot, names = figure.add_subplot(), list(values)
        axes.apply_to(subplot)
        heights = finite_or_nan(list(values.values()))
        colours = [QUIET if name in quiet else COLOURS[0] for name in names]
        subplot.bar(range(len(names)), heights, color=colours, width=0.7)
        for number, name in enumerate(names):
            if bounds := (intervals or {}).get(name):
                subplot.plot([number, number], bounds, color="black", linewidth=1.2)
        _name_ticks(subplot, names)

    return draw_figure(path, paint)


def plot_histogram(
    path: str | Path,
    samples: Mapping[str, Sequence[float]],
    axes: PlotAxes = PLAIN,
    bins: int = 30,
) -> Path:
    """Plot several samples in the same bins, overlaid."""

    def paint(figure: Figure) -> None:
        subplot = figure.add_subplot()
        axes.apply_to(subplot)
        every = [value for sample in samples.values() for value in sample]
        # One range for all samples, so that their bins coincide.
        extent = (min(every), max(every)) if every else None
        for number, (name, sample) in enumerate(samples.items()):
            colour = COLOURS[number % len(COLOURS)]
            subplot.hist(sample, bins=bins, range=extent, color=colour, alpha=0.55, label=name)
        draw_legend(subplot)

    return draw_figure(path, paint)


def plot_heatmap(
    path: str | Path,
    rows: Sequence[str | int],
    columns: Sequence[str | int],
    values: Mapping[tuple[str | int, str | int], float],
    axes: PlotAxes = PLAIN,
) -> Path:
    """Plot a heat map, white at zero; cells without a value stay empty."""
    cells = [finite_or_nan([values.get((row, column)) for column in columns]) for row in rows]
    # Symmetric limits put zero at the middle of the colours; NaN is unequal to itself and left out.
    reach = max((abs(value) for line in cells for value in line if value == value), default=0.0) or 1.0

    def paint(figure: Figure) -> None:
        subplot = figure.add_subplot()
        axes.apply_to(subplot)
        image = subplot.imshow(cells, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto")
        names = [str(column) for column in columns]
        _name_ticks(subplot, names)
        subplot.set_yticks(range(len(rows)), map(str, rows))
        figure.colorbar(image, ax=subplot)
        if len(rows) * len(columns) <= CELLS_WITH_NUMBERS:
            _draw_numbers(subplot, cells, reach)

    return draw_figure(path, paint, (max(4.0, 0.5 * len(columns) + 2.5), max(3.0, 0.3 * len(rows) + 1.5)))


def _name_ticks(subplot: Axes, names: Sequence[str]) -> None:
    """Name the ticks of the x axis; long names are rotated."""
    long = max(map(len, names), default=0) > 10
    rotation, side = (30, "right") if long else (0, "center")
    subplot.set_xticks(range(len(names)), names, rotation=rotation, ha=side)


def _draw_numbers(subplot: Axes, cells: Sequence[Sequence[float]], reach: float) -> None:
    for row, line in enumerate(cells):
        for column, value in enumerate(line):
            if value == value:
                # Dark cells need light numbers.
                ink = "white" if abs(value) > 0.6 * reach else "black"
                subplot.text(
                    column, row, f"{value:.2g}", ha="center", va="center", fontsize="xx-small", color=ink
                )
