"""Charts put every value where it belongs, whatever the terminal can draw, and never wider than they may be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steertui.widgets import glyphs
from steertui.widgets.chart.canvas import BLANK, DotCanvas
from steertui.widgets.chart.chart_axis import ChartAxis
from steertui.widgets.chart.curves import ChartCurve, CurvePoint, draw_chart
from steertui.widgets.chart.grid import draw_grid
from tests.steertui.hostile import HOSTILE, talks_to_terminal

COLOURS = dict.fromkeys(("primary", "accent", "secondary", "success", "warning", "border"), "#808080")
COLOURS |= {"background": "#000000", "heat-warm": "#ff8000", "heat-cool": "#0080ff"}
RISING = ChartCurve.of("d", [CurvePoint(x, x / 10) for x in range(10)])


@pytest.fixture(params=[glyphs.UNICODE, glyphs.ASCII], ids=["unicode", "ascii"])
def pen(request: pytest.FixtureRequest) -> Iterator[glyphs.Glyphs]:
    before = glyphs.current_glyphs()
    glyphs.set_glyphs(request.param)
    yield request.param
    glyphs.set_glyphs(before)


def drawn(curves: list[ChartCurve], width: int = 60, height: int = 12) -> list[str]:
    return [line.plain for line in draw_chart(curves, width, height, COLOURS)]


def heights(lines: list[str]) -> list[int]:
    """For every column of the plot from the left, the highest row with something in it."""
    body = [line.split("┤")[-1].split("│")[-1] for line in lines[1:-2]]
    wide = max(map(len, body))
    rows = [
        [row for row, text in enumerate(body) if text[column : column + 1].strip(" ⠀")]
        for column in range(wide)
    ]
    return [min(found) for found in rows if found]


def test_a_rising_curve_rises(pen: glyphs.Glyphs) -> None:
    found = heights(drawn([RISING]))
    assert found == sorted(found, reverse=True)
    assert (found[0], found[-1]) == (8, 0)


def test_a_flat_curve_is_one_row(pen: glyphs.Glyphs) -> None:
    assert len(set(heights(drawn([ChartCurve.of("flat", [CurvePoint(x, 0.5) for x in range(10)])])))) == 1


def test_the_legend_names_the_curve_and_where_it_is_highest(pen: glyphs.Glyphs) -> None:
    lines = draw_chart(
        [ChartCurve.of("d", [CurvePoint(0, 1.0), CurvePoint(7, 3.5), CurvePoint(9, -2)])],
        60,
        10,
        COLOURS,
        x_name="layer",
    )
    assert "d  max 3.5 at layer 7" in lines[0].plain


def test_ticks_stand_beside_their_rows(pen: glyphs.Glyphs) -> None:
    lines = drawn([ChartCurve.of("d", [CurvePoint(0, 0.0), CurvePoint(1, 4.0)])], height=13)
    numbers = [float(line.split("┤")[0]) for line in lines if "┤" in line]
    assert numbers == sorted(numbers, reverse=True)
    assert {0.0, 4.0} <= set(numbers)
    assert lines[-1].split() == ["0", "1"]


def test_an_interval_is_drawn_from_end_to_end(pen: glyphs.Glyphs) -> None:
    plain = heights(drawn([ChartCurve.of("d", [CurvePoint(0, 0.0), CurvePoint(5, 1.0), CurvePoint(9, 0.0)])]))
    whisker = heights(
        drawn([ChartCurve.of("d", [CurvePoint(0, 0.0), CurvePoint(5, 1.0, 0.5, 2.0), CurvePoint(9, 0.0)])])
    )
    assert min(plain) == min(whisker) == 0
    assert sum(row < 3 for row in whisker) < sum(row < 3 for row in plain)


def test_without_braille_curves_have_marks_of_their_own() -> None:
    before = glyphs.current_glyphs()
    glyphs.set_glyphs(glyphs.ASCII)
    lines = drawn([RISING, ChartCurve.of("e", [CurvePoint(x, -x) for x in range(10)])])
    glyphs.set_glyphs(before)
    assert "* d" in lines[0]
    assert "+ e" in lines[0]
    assert all(char.isascii() or char in "┤│└┴─−" for line in lines for char in line)


def test_without_colours_curves_carry_their_number() -> None:
    before = glyphs.current_glyphs()
    glyphs.set_glyphs(glyphs.Glyphs(colours=0))
    lines = drawn([RISING, ChartCurve.of("e", [CurvePoint(x, -x) for x in range(10)])])
    glyphs.set_glyphs(before)
    assert lines[0].startswith("1 d")
    assert any(line.rstrip().endswith("1") for line in lines[1:-2])
    assert any(line.rstrip().endswith("2") for line in lines[1:-2])


@pytest.mark.parametrize("size", [(10, 12), (60, 4), (0, 0)])
def test_no_room_no_chart(size: tuple[int, int]) -> None:
    assert drawn([RISING], *size) == []


def test_what_is_not_finite_is_left_out() -> None:
    assert drawn([ChartCurve.of("d", [CurvePoint(0, float("nan")), CurvePoint(1, float("inf"))])]) == []
    assert "max 2 at 1" in drawn([ChartCurve.of("d", [CurvePoint(0, float("nan")), CurvePoint(1, 2.0)])])[0]


@given(
    st.lists(st.tuples(st.integers(-50, 500), st.floats(-1e12, 1e12)), min_size=1, max_size=40),
    st.integers(16, 140),
    st.integers(5, 30),
)
def test_any_curve_fits_any_room(points: list[tuple[int, float]], width: int, height: int) -> None:
    lines = drawn([ChartCurve.of("x", [CurvePoint(x, y) for x, y in points])], width, height)
    assert all(len(line) <= max(width, 24) for line in lines)
    assert len(lines) in (0, height)


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e9), st.integers(2, 12))
def test_ticks_are_round_even_and_inside(low: float, span: float, count: int) -> None:
    axis = ChartAxis.over([low, low + span], count)
    assert all(axis.low - axis.step / 1e6 <= tick <= axis.high + axis.step / 1e6 for tick in axis.ticks)
    assert len(axis.ticks) <= count + 1


def test_hostile_names_stay_text() -> None:
    bad = "".join(HOSTILE.values())
    lines = drawn([ChartCurve.of(bad, RISING.dots)]) + [
        line.plain for line in draw_grid({(bad, bad): 1.0}, COLOURS)
    ]
    assert not [line for line in lines if talks_to_terminal(line)]


def test_a_grid_has_its_numbers_in_their_squares_and_blanks_elsewhere() -> None:
    cells = {("0", "mlp.up_proj"): 0.5, ("0", "attn.o_proj"): -0.25, ("1", "mlp.up_proj"): 0.0}
    lines = [line.plain for line in draw_grid(cells, COLOURS)]
    assert lines[0].split() == ["up_proj", "o_proj"]
    assert lines[1].split() == ["0", "+0.50", "−0.25"]
    assert lines[2].split() == ["1", "0.00"]


def test_the_largest_square_is_the_strongest() -> None:
    line = draw_grid({("r", "a"): 1.0, ("r", "b"): 0.1, ("r", "c"): -1.0}, COLOURS)[1]
    tints = [str(span.style).removeprefix("on ").lower() for span in line.spans if "on #" in str(span.style)]
    assert tints[0] > tints[1]
    assert tints[2][1:3] < tints[0][1:3]


def test_a_dot_is_the_bit_of_its_place() -> None:
    canvas = DotCanvas(1, 1, fine=True)
    for x in range(2):
        for y in range(4):
            canvas.dot(x, y, 0)
    assert canvas.cell(0, 0) == (chr(BLANK + 0xFF), 0)
    assert DotCanvas(1, 1, fine=True).cell(0, 0) == (" ", None)
