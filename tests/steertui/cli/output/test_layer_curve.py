"""A curve over layers as lines of text: what it shows, and where a table says it better."""

from __future__ import annotations

import io
import sys

import pytest

from steertui.cli.output.layer_curve import HEIGHT, WIDTH, draw_layer_curve
from steertui.widgets import glyphs

VALUES: dict[str, float | None] = {str(layer): layer**2 / 10 for layer in range(10)}


def test_a_curve_says_where_it_is_highest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    lines = list(draw_layer_curve("d", VALUES, {"9": (7.0, 9.0), "3": None}))
    assert lines[0].endswith("d  max 8.1 at layer 9")
    assert len(lines) == HEIGHT
    assert max(map(len, lines)) <= WIDTH
    places = [min(line.index("●") for line in lines if "●" in line), max(line.rfind("●") for line in lines)]
    rows = [next(n for n, line in enumerate(lines) if line[place : place + 1] == "●") for place in places]
    assert rows[0] > rows[1], "it rises from the left to the right"


def test_a_terminal_without_braille_gets_plain_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    before = glyphs.current_glyphs()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    body = "".join(list(draw_layer_curve("d", VALUES))[1:-2])
    assert "*" in body
    assert not any("\u2800" <= char <= "\u28ff" for char in body)
    assert glyphs.current_glyphs() is before


@pytest.mark.parametrize("values", [{}, {"5": 1.0, "6": 2.0}, {"1": None, "2": None, "3": None, "4": 1.0}])
def test_a_few_points_are_no_curve(values: dict[str, float | None]) -> None:
    assert list(draw_layer_curve("d", values)) == []
