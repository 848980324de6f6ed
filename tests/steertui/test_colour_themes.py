"""Our looks for poor terminals: what they name is what such a terminal shows, and the chosen row is seen in all."""

from __future__ import annotations

import pytest
from rich._palettes import STANDARD_PALETTE
from rich.color import Color as Ansi
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import Theme

from steertui import colour_themes
from steertui.widgets.transcript.palette import contrast_ratio

PARTS = (
    "primary",
    "secondary",
    "accent",
    "warning",
    "error",
    "success",
    "foreground",
    "background",
    "surface",
)


def colours(theme: Theme) -> list[Color]:
    return [
        Color.parse(each) for each in (*(getattr(theme, part) for part in PARTS), *theme.variables.values())
    ]


def shown(colour: Color) -> Color:
    """As a terminal of sixteen colours shows it."""
    number = Ansi.from_rgb(*colour.rgb).downgrade(ColorSystem.STANDARD).number
    assert number is not None
    return Color(*STANDARD_PALETTE[number])


@pytest.mark.parametrize("theme", [colour_themes.SIXTEEN, colour_themes.GREY], ids=lambda theme: theme.name)
def test_sixteen_colours_are_named_and_not_rounded_to(theme: Theme) -> None:
    assert [each.hex for each in colours(theme)] == [shown(each).hex for each in colours(theme)]


def test_without_colour_the_greys_stay_what_they_are() -> None:
    assert all(each.rgb == each.monochrome.rgb for each in colours(colour_themes.GREY))


@pytest.mark.parametrize(
    ("theme", "grey"), [(colour_themes.SIXTEEN, False), (colour_themes.GREY, True)], ids=["colours", "greys"]
)
def test_the_row_under_the_cursor_is_seen_and_its_words_are_read(theme: Theme, grey: bool) -> None:
    ground, row, words = (
        Color.parse(each) for each in (theme.background, theme.variables["row"], theme.foreground)
    )
    if grey:
        ground, row, words = (shown(each.monochrome) for each in (ground, row, words))
    assert row != ground
    assert contrast_ratio(words, row) > 4.5
    for detail in (theme.variables["text-muted"], theme.success, theme.error, theme.accent, theme.secondary):
        assert contrast_ratio(Color.parse(str(detail)), ground) > 4.5


def test_the_dark_blue_of_a_row_is_black_without_its_colour() -> None:
    """Why there is a look in greys."""
    assert shown(Color.parse(colour_themes.SIXTEEN.variables["row"]).monochrome) == Color.parse("#000000")


@pytest.mark.parametrize(
    ("system", "no_color", "look"),
    [
        ("truecolor", False, colour_themes.NIGHT),
        ("truecolor", True, colour_themes.NIGHT),
        ("256", False, colour_themes.NIGHT_256),
        ("256", True, colour_themes.NIGHT),
        ("standard", False, colour_themes.SIXTEEN),
        ("standard", True, colour_themes.GREY),
    ],
)
def test_the_look_fits_the_terminal(system: str, no_color: bool, look: Theme) -> None:
    assert colour_themes.default_theme(system, no_color=no_color) == look.name
