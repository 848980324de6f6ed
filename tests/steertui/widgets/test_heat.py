"""Heat: a token's colour says how far its projection lies from the usual one, on any terminal and for any eye."""

from __future__ import annotations

import random
import statistics
from dataclasses import replace

import numpy as np
import pytest
from rich.color import ColorSystem
from rich.style import Style
from textual.color import Color

from steertui.widgets import glyphs
from steertui.widgets.glyphs import TRUE_COLOUR
from steertui.widgets.transcript.heat import (
    ENCODINGS,
    STEPS,
    RunningStats,
    available_encodings,
    heat_level,
    heat_mark,
)
from steertui.widgets.transcript.palette import PaletteColours, contrast_ratio, heat_palette

NIGHT = PaletteColours(*map(Color.parse, ("#10131a", "#d5dae3", "#3f8fe0", "#f08a3c")))
DAY = PaletteColours(*map(Color.parse, ("#f6f4ef", "#1f242d", "#2f7fd0", "#c8640f")))
SYSTEMS = {TRUE_COLOUR: ColorSystem.TRUECOLOR, 256: ColorSystem.EIGHT_BIT, 16: ColorSystem.STANDARD}
PAINTS = [
    pytest.param(replace(each, colours=colours), id=f"{name}-{colours}")
    for name, each in (("night", NIGHT), ("day", DAY))
    for colours in SYSTEMS
]
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
"""Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB."""


def test_the_running_spread_is_the_spread() -> None:
    rng = random.Random(3)
    values = [rng.gauss(200, 30) for _ in range(500)]
    spread = RunningStats()
    for value in values:
        spread.add(value)
    assert spread.mean == pytest.approx(statistics.fmean(values))
    assert spread.deviation == pytest.approx(statistics.stdev(values))
    assert spread.sigmas(values[0]) == pytest.approx(
        (values[0] - statistics.fmean(values)) / statistics.stdev(values)
    )


def test_nothing_to_compare_with_is_no_colour() -> None:
    spread = RunningStats()
    assert spread.sigmas(5.0) == 0
    spread.add(5.0)
    spread.add(5.0)
    assert heat_level(spread.sigmas(5.0)) == 0


def test_levels_are_symmetric_and_clipped() -> None:
    assert [heat_level(sigmas) for sigmas in (-9, -3, 0, 3, 9)] == [-STEPS, -STEPS, 0, STEPS, STEPS]
    assert all(heat_level(-x / 10) == -heat_level(x / 10) for x in range(40))


def test_marks_read_like_signs_and_need_no_colour() -> None:
    assert [heat_mark(heat_level(sigmas)) for sigmas in (-3, -2, -1, 0, 1, 2, 3)] == [
        "=",
        "=",
        "-",
        "·",
        "+",
        "#",
        "#",
    ]


def test_a_terminal_without_colour_is_offered_marks() -> None:
    assert available_encodings() == ENCODINGS
    glyphs.set_glyphs(replace(glyphs.UNICODE, colours=0))
    try:
        assert available_encodings() == ("off", "marks")
    finally:
        glyphs.set_glyphs(glyphs.UNICODE)


def shade(style: Style, encoding: str) -> Color | None:
    """The colour that tells the level; None when the level is plain."""
    found = style.bgcolor if encoding == "background" else style.color
    return None if found is None else Color.from_rich_color(found)


def lab(colour: Color, seen: np.ndarray | None = None) -> np.ndarray:
    """CIE L*a*b* (D65), after what `seen` leaves of the linear light."""
    rgb = np.array(colour.normalized)
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    if seen is not None:
        linear = np.clip(seen @ linear, 0, 1)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.072175],
            [0.0193339, 0.119192, 0.9503041],
        ]
    )
    x, y, z = to_xyz @ linear / np.array([0.95047, 1.0, 1.08883])
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("paint", PAINTS)
@pytest.mark.parametrize("encoding", ["background", "underline"])
def test_warm_is_positive_cool_is_negative_and_the_middle_is_plain(
    paint: PaletteColours, encoding: str
) -> None:
    styles = heat_palette(paint, encoding)
    assert len(styles) == 2 * STEPS + 1
    assert styles[STEPS] == Style.null()
    cool, warm = shade(styles[0], encoding), shade(styles[-1], encoding)
    assert cool is not None
    assert warm is not None
    assert cool.b > cool.r
    assert warm.r > warm.b


@pytest.mark.parametrize("paint", PAINTS)
@pytest.mark.parametrize("encoding", ["background", "underline"])
def test_the_two_sides_differ_without_green_cones(paint: PaletteColours, encoding: str) -> None:
    """From a σ and a half on, a deuteranope tells the sides apart (ΔE 76 ≥ 20; 2.3 is just noticeable)."""
    styles = heat_palette(paint, encoding)
    for step in range(STEPS // 2, STEPS + 1):
        cool, warm = shade(styles[STEPS - step], encoding), shade(styles[STEPS + step], encoding)
        assert cool is not None
        assert warm is not None
        apart = np.linalg.norm(lab(cool, DEUTERANOPIA) - lab(warm, DEUTERANOPIA))
        assert apart >= 20, (step, cool, warm, apart)


def test_red_and_green_would_not_have_passed() -> None:
    """The test above can fail: a red–green palette of the same shape does."""
    bad = replace(NIGHT, cool=Color.parse("#5a9e32"), warm=Color.parse("#b4701c"))
    styles = heat_palette(bad, "background")
    green, red = shade(styles[0], "background"), shade(styles[-1], "background")
    assert green is not None
    assert red is not None
    assert np.linalg.norm(lab(green, DEUTERANOPIA) - lab(red, DEUTERANOPIA)) < 20


@pytest.mark.parametrize("paint", PAINTS)
def test_words_on_every_level_are_readable(paint: PaletteColours) -> None:
    for style in heat_palette(paint, "background"):
        if style.bgcolor is not None:
            assert style.color is not None
            words, ground = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
            assert contrast_ratio(words, ground) >= 4.5
    for style in heat_palette(paint, "underline"):
        if style.color is not None:
            assert contrast_ratio(Color.from_rich_color(style.color), paint.ground) >= 3.0


@pytest.mark.parametrize("paint", PAINTS)
def test_the_terminal_shows_the_shades_that_were_chosen(paint: PaletteColours) -> None:
    """After the terminal has matched its own colours: 8, 4 and 1 different ones on each side, none on both."""
    system = SYSTEMS[paint.colours]
    shown = [
        style.bgcolor.downgrade(system) if style.bgcolor else None
        for style in heat_palette(paint, "background")
    ]
    cool, warm = {*shown[:STEPS]} - {None}, {*shown[STEPS + 1 :]} - {None}
    wanted = {TRUE_COLOUR: 8, 256: 4, 16: 1}[paint.colours]
    assert len(cool) == len(warm) == wanted
    assert not cool & warm


def test_off_is_off() -> None:
    assert set(heat_palette(NIGHT, "off")) == {Style.null()}
