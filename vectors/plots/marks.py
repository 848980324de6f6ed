"""What is drawn on a pair of axes: curves with intervals, reference lines and the band of chance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vectors.plots.paper import COLOURS, QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

Number = float | None
MOST_INSIDE = 4


@dataclass(frozen=True)
class PlotCurve:
    """One curve: `low` and `high` bound a shaded interval; a missing or infinite y leaves a gap.

    `quiet` curves are grey and share one legend entry.
    """

    name: str
    x: Sequence[float]
    y: Sequence[Number]
    low: Sequence[Number] | None = None
    high: Sequence[Number] | None = None
    dashed: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class PlotAxes:
    """Settings of one pair of axes: labels, limits, and labelled reference lines.

    `levels` are horizontal lines, `places` vertical ones, `chance` the band that random values stay
    within.
    """

    title: str = ""
    x: str = ""
    y: str = ""
    limits: tuple[float, float] | None = None
    levels: Sequence[tuple[float, str]] = ()
    places: Sequence[tuple[float, str]] = ()
    chance: tuple[float, float] | None = None

    def apply_to(self, axes: Axes) -> None:
        axes.set(title=self.title, xlabel=self.x, ylabel=self.y)
        if self.limits is not None:
            axes.set_ylim(*self.limits)
        if self.chance is not None:
            axes.axhspan(*self.chance, color=QUIET, alpha=0.2, linewidth=0, label="chance")
        for height, words in self.levels:
            axes.axhline(height, color=QUIET, linewidth=0.8, linestyle=":")
            _draw_label(axes, words, (1.0, height), axes.get_yaxis_transform(), "right", "bottom")
        for place, words in self.places:
            axes.axvline(place, color=QUIET, linewidth=0.8, linestyle="--")
            _draw_label(axes, words, (place, 1.0), axes.get_xaxis_transform(), "left", "top", 90)


def draw_curves(axes: Axes, curves: Iterable[PlotCurve]) -> None:
    """Draw every curve in its own colour with a pale interval; quiet curves are grey."""
    named = False
    # Grey curves last, so that the others get the same colours with and without them.
    for number, curve in enumerate(sorted(curves, key=lambda curve: curve.quiet)):
        colour = QUIET if curve.quiet else COLOURS[number % len(COLOURS)]
        style = "--" if curve.dashed else "-"
        axes.plot(
            curve.x,
            finite_or_nan(curve.y),
            color=colour,
            linestyle=style,
            marker="o",
            markersize=3,
            label="" if curve.quiet and named else curve.name,
        )
        named = named or curve.quiet
        if curve.low is not None and curve.high is not None:
            axes.fill_between(
                curve.x,
                finite_or_nan(curve.low),
                finite_or_nan(curve.high),
                color=colour,
                alpha=0.2,
                linewidth=0,
            )
    draw_legend(axes)


def draw_legend(axes: Axes) -> None:
    """Draw a legend if there are several names; beside the axes if there are too many to fit inside."""
    handles, names = axes.get_legend_handles_labels()
    named = [(handle, name) for handle, name in zip(handles, names, strict=True) if name]
    if len(named) > 1:
        outside = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if len(named) > MOST_INSIDE else {}
        axes.legend(*map(list, zip(*named, strict=True)), **outside)


def finite_or_nan(values: Sequence[Number]) -> list[float]:
    return [value if value is not None and math.isfinite(value) else math.nan for value in values]


def _draw_label(
    axes: Axes,
    words: str,
    place: tuple[float, float],
    transform: Transform,
    side: str,
    end: str,
    rotation: float = 0,
) -> None:
    axes.text(
        *place,
        words,
        transform=transform,
        fontsize="x-small",
        color=QUIET,
        ha=side,
        va=end,
        rotation=rotation,
    )
