"""The characters and number of colours that this terminal can show, decided once when the app starts.

Widgets draw shapes (bars, columns, curves) with `current_glyphs()`. All other text is written in
Unicode; with `--ascii` the filter in `steertui/ascii.py` replaces what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

TRUE_COLOUR = 2**24
DEPTHS = {None: 0, "standard": 16, "windows": 16, "256": 256, "truecolor": TRUE_COLOUR}
"""Number of colours for each of Rich's colour systems."""


@dataclass(frozen=True)
class Glyphs:
    """The glyphs of one kind of terminal. `hangs`: a block may hang from the upper edge, drawn as its
    complement in reverse video.
    """

    eighths: str = " ▁▂▃▄▅▆▇█"
    hangs: bool = True
    full: str = "█"
    empty: str = "░"
    groove: str = "─"
    fill: str = "━"
    zero: str = "┃"
    off: str = "·"
    marker: str = "◆"
    braille: bool = True
    colours: int = TRUE_COLOUR
    slow: bool = False
    """Slow connection: only changed cells are sent, nothing blinks; during an answer there are fewer frames, no heat,
    and text scrolls by several rows."""


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
    braille=False,
)

_now = UNICODE


def current_glyphs() -> Glyphs:
    """The glyphs of this terminal."""
    return _now


def set_glyphs(glyphs: Glyphs) -> None:
    """Set the glyphs for the whole app."""
    global _now
    _now = glyphs


def choose_glyphs(*, ascii: bool, color_system: str | None, no_color: bool, slow: bool) -> Glyphs:  # noqa: A002
    """The glyphs for a terminal, from the user's options and what Rich detected."""
    colours = 0 if no_color else DEPTHS.get(color_system, TRUE_COLOUR)
    return replace(ASCII if ascii else UNICODE, colours=colours, slow=slow)
