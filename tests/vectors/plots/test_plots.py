"""Pictures: that they are there, hold what they were given, and say in one sentence why they cannot be drawn."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageError
from vectors.plots import charts, paper
from vectors.plots.layers import plot_layer_curves, report_curve
from vectors.plots.marks import PlotAxes, PlotCurve

CURVES = (
    PlotCurve("steered", [0, 1, 2], [0.5, None, math.inf]),
    PlotCurve("random", [0, 1, 2], [0.1, 0.2, 0.1], [0.0, 0.1, 0.0], [0.2, 0.3, 0.2], dashed=True),
)
KINDS: dict[str, Callable[[Path], Path]] = {
    "lines": lambda path: charts.plot_lines(
        path,
        CURVES,
        PlotAxes("title", "dose", "effect", (0, 1), [(0.7, "strong")], [(1, "here")], (0.4, 0.6)),
    ),
    "stack": lambda path: plot_layer_curves(
        path, [(PlotAxes(y="d"), CURVES), (PlotAxes(y="steered"), CURVES)], "two"
    ),
    "bars": lambda path: charts.plot_bars(
        path, {"steered": 0.5, "random of the same length": None}, PlotAxes("bars"), {"steered": (0.4, 0.6)}
    ),
    "histogram": lambda path: charts.plot_histogram(path, {"steered": [1, 2, 2, 3], "random": [0, 1, 1]}),
    "grid": lambda path: charts.plot_heatmap(
        path, ["steered", "q"], [0, 1], {("steered", 0): 1.0, ("q", 1): -0.5}
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_picture_in_both_formats(kind: str, tmp_path: Path) -> None:
    png = KINDS[kind](tmp_path / "sub" / "a.png")
    assert png.read_bytes().startswith(b"\x89PNG\r\n")
    svg = KINDS[kind](tmp_path / "a.SVG").read_text(encoding="utf-8")
    assert "<svg" in svg
    assert "steered" in svg, "texts stay texts"
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("suffix", paper.SUFFIXES)
def test_the_same_numbers_give_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    one, other = (KINDS["lines"](tmp_path / f"{name}{suffix}") for name in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_a_curve_lies_where_its_numbers_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines that matplotlib was handed, read back from its figure."""
    seen: list[Any] = []
    monkeypatch.setattr(charts, "draw_figure", lambda path, paint, size=(7, 4): seen.append(painted(paint)))
    charts.plot_lines(tmp_path / "a.png", CURVES)
    drawn = {line.get_label(): list(line.get_ydata()) for line in seen[0].axes[0].lines}
    assert drawn["random"] == [0.1, 0.2, 0.1]
    assert drawn["steered"][0] == 0.5
    assert all(map(math.isnan, drawn["steered"][1:])), "what is not there leaves a gap"
    assert [text.get_text() for text in seen[0].axes[0].get_legend().get_texts()] == ["steered", "random"]


def painted(paint: Callable[[Any], None]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure()
    paint(figure)
    return figure


def test_names_from_outside_are_no_formulas(tmp_path: Path) -> None:
    """An unclosed $ is an error in matplotlib's mathematics, and none in a vector's name."""
    svg = charts.plot_lines(
        tmp_path / "a.svg", [PlotCurve("$\\frac{ <b>", [0, 1], [0, 1])], PlotAxes("$x_{", "日本", "y")
    )
    assert "$x_{" in svg.read_text(encoding="utf-8")


def test_a_layer_table_becomes_a_curve() -> None:
    layers = {"3": {"d": 1.5, "d_ci": [1.0, 2.0]}, "4": {"d": None, "d_ci": None}}
    found = report_curve("d", layers, "d", "d_ci")
    assert (found.x, found.y, found.low, found.high) == ([3, 4], [1.5, None], [1.0, None], [2.0, None])


@pytest.mark.parametrize("name", ["a.gif", "a", "png"])
def test_other_formats_are_refused_before_anything_is_drawn(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.png or \.svg"):
        paper.ensure_drawable(tmp_path / name)


def test_without_matplotlib_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"plots need matplotlib: pip install 'steertui\[plot\]'"):
        paper.ensure_drawable("a.png")


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        KINDS["bars"](tmp_path / "file" / "a.png")


def test_nothing_heavy_is_imported_before_something_is_drawn() -> None:
    code = "import vectors.plots.layers, sys; assert not {'torch', 'matplotlib', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
