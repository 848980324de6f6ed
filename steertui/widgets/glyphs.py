"""What a widget may draw with here: which characters, and how many colours. Decided once, when the app opens.

Shapes that depend on the characters at hand (bars, columns, curves) are drawn from `now()`. Words and frames are
written as they should look; with `--ascii` the filter in `steertui/ascii.py` turns what is left into plain characters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

TRUE_COLOUR = 2**24
DEPTHS = {None: 0, "standard": 16, "windows": 16, "256": 256, "truecolor": TRUE_COLOUR}
"""Rich's names for what a terminal can show, as a number of colours."""


@dataclass(frozen=True)
class Glyphs:
    """One kind of terminal. `hangs`: a block may hang from the upper edge, drawn as its complement in reverse video."""

    eighths: str = " ▁▂▃▄▅▆▇█"
    hangs: bool = True
    full: str = "█"
    empty: str = "░"
    groove: str = "─"
    fill: str = "━"
    zero: str = "┃"
    off: str = "·"
    marker: str = "◆"
    pointer: str = "▶"
    braille: bool = True
    colours: int = TRUE_COLOUR
    slow: bool = False
    """The line is slow: only cells that changed are sent (`steertui.thrift`), nothing blinks, and while an answer runs
    there are fewer frames (`steertui.screens.desk.tempo`), no heat, and text scrolls by several rows."""


UNICODE = Glyphs()
ASCII = Glyphs(
    eighths=" .:-=+*%#",
    hangs=False,
    full="#",
    empty=".",
    groove="-",
    fill="=",
    zero="|",
    off=".",
    marker="*",
    pointer=">",
    braille=False,
)

_now = UNICODE


def now() -> Glyphs:
    return _now


def use(glyphs: Glyphs) -> None:
    global _now
    _now = glyphs


def chosen(*, ascii: bool, color_system: str | None, no_color: bool, slow: bool) -> Glyphs:  # noqa: A002
    """The drawing kit for a terminal, from what was asked for and what Rich found out."""
    colours = 0 if no_color else DEPTHS.get(color_system, TRUE_COLOUR)
    return replace(ASCII if ascii else UNICODE, colours=colours, slow=slow)
