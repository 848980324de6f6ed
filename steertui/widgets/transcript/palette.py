"""The heat palette: blue to orange in as many steps as the terminal can show, always with readable text.

Blue and orange differ for every kind of colour blindness. With 256 colours there are four hand-picked
shades per side, because blended colours would fall on the same grey-blue; with 16 colours there is one.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.color import Color as Ansi
from rich.style import Style
from textual.color import Color

from steertui.widgets.glyphs import TRUE_COLOUR
from steertui.widgets.transcript.heat import STEPS

SHADES_256 = {
    ("background", True): ((17, 24, 25, 32), (58, 94, 130, 208)),
    ("background", False): ((189, 153, 111, 75), (223, 216, 215, 208)),
    ("underline", True): ((110, 75, 39, 33), (180, 215, 214, 208)),
    ("underline", False): ((60, 25, 26, 21), (95, 130, 130, 166)),
}
SHADES_16 = {"background": ("#0000aa", "#aa5500"), "underline": ("#5555ff", "#aa5500")}
FROM_LEVEL_16 = 3
"""With one shade per side, a token is coloured only beyond about one standard deviation."""


@dataclass(frozen=True)
class PaletteColours:
    """Colours a palette is mixed from: background, text, the two hues, and the terminal's number of
    colours.
    """

    ground: Color
    words: Color
    cool: Color
    warm: Color
    colours: int = TRUE_COLOUR

    @property
    def dark(self) -> bool:
        return self.ground.brightness < 0.5


def heat_palette(paint: PaletteColours, encoding: str) -> list[Style]:
    """One style per level; index 0 is −STEPS. Few styles, so that each is created once and cached."""
    return [_style(paint, step, encoding) for step in range(-STEPS, STEPS + 1)]


def _style(paint: PaletteColours, step: int, encoding: str) -> Style:
    if encoding not in ("background", "underline") or step == 0:
        return Style.null()
    shade = _shade(paint, step, encoding)
    if shade is None:
        return Style.null()
    if encoding == "background":
        return Style(bgcolor=shade.rich_color, color=_readable_ink(shade).rich_color)
    return Style(color=shade.rich_color, underline=abs(step) / STEPS > 0.3)


def _shade(paint: PaletteColours, step: int, encoding: str) -> Color | None:
    """The colour of a level; None where a terminal with few colours leaves it plain."""
    side, size = step > 0, abs(step)
    if paint.colours == 256:
        shades = SHADES_256[encoding, paint.dark][side]
        return Color(*Ansi.from_ansi(shades[(size - 1) * len(shades) // STEPS]).get_truecolor())
    if paint.colours == 16:
        return Color.parse(SHADES_16[encoding][side]) if size >= FROM_LEVEL_16 else None
    plain, share = (paint.ground, 0.67) if encoding == "background" else (paint.words, 1.0)
    # The lowest level starts at a fifth, so that it can be told from no colour.
    return plain.blend(paint.warm if side else paint.cool, share * (0.2 + 0.8 * size / STEPS))


def _readable_ink(shade: Color) -> Color:
    """Black or white, whichever has the higher contrast."""
    return max(Color.parse("#ffffff"), Color.parse("#000000"), key=lambda words: contrast_ratio(words, shade))


def contrast_ratio(one: Color, other: Color) -> float:
    """WCAG 2.1: (L₁ + 0.05) / (L₂ + 0.05) of the relative luminances; small text needs 4.5."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    # Luminance is defined on linear light, so the sRGB curve is undone first.
    linear = [((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in colour.normalized]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
