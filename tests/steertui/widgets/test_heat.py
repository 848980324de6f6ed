"""Heat: a token's colour says how far its projection lies from the usual one, and nothing else changes with it."""

from __future__ import annotations

import random
import statistics

import pytest
from rich.style import Style
from textual.color import Color

from steertui.widgets.transcript.heat import STEPS, Spread, level, palette

GROUND, COOL, WARM = Color.parse("#10131a"), Color.parse("#3f8fe0"), Color.parse("#f08a3c")


def test_the_running_spread_is_the_spread() -> None:
    rng = random.Random(3)
    values = [rng.gauss(200, 30) for _ in range(500)]
    spread = Spread()
    for value in values:
        spread.add(value)
    assert spread.mean == pytest.approx(statistics.fmean(values))
    assert spread.deviation == pytest.approx(statistics.stdev(values))
    assert spread.sigmas(values[0]) == pytest.approx(
        (values[0] - statistics.fmean(values)) / statistics.stdev(values)
    )


def test_nothing_to_compare_with_is_no_colour() -> None:
    spread = Spread()
    assert spread.sigmas(5.0) == 0
    spread.add(5.0)
    spread.add(5.0)
    assert level(spread.sigmas(5.0)) == 0


def test_levels_are_symmetric_and_clipped() -> None:
    assert [level(sigmas) for sigmas in (-9, -3, 0, 3, 9)] == [-STEPS, -STEPS, 0, STEPS, STEPS]
    assert all(level(-x / 10) == -level(x / 10) for x in range(40))


@pytest.mark.parametrize("encoding", ["background", "underline"])
def test_warm_is_positive_cool_is_negative_and_the_middle_is_plain(encoding: str) -> None:
    styles = palette(GROUND, COOL, WARM, encoding)
    colours = [style.bgcolor if encoding == "background" else style.color for style in styles]
    assert len(styles) == 2 * STEPS + 1
    assert styles[STEPS] == Style.null()
    cool, warm = colours[0], colours[-1]
    assert cool is not None
    assert warm is not None
    assert cool.triplet is not None
    assert warm.triplet is not None
    assert cool.triplet.blue > cool.triplet.red
    assert warm.triplet.red > warm.triplet.blue


def test_off_is_off() -> None:
    assert set(palette(GROUND, COOL, WARM, "off")) == {Style.null()}
