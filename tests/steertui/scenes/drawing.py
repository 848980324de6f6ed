"""A screen as SVG, in the colours that a terminal of 256 or 16 of them is left with."""

from __future__ import annotations

import io
from typing import Any

from rich._palettes import STANDARD_PALETTE
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

SYSTEMS = {"standard": ColorSystem.STANDARD, "256": ColorSystem.EIGHT_BIT}
SIXTEEN = [STANDARD_PALETTE[number] for number in range(16)]
VGA = TerminalTheme(SIXTEEN[0], SIXTEEN[7], SIXTEEN[:8], SIXTEEN[8:])
"""Most terminals' sixteen are near these; Rich's own for SVG are another taste's, with a grey for black."""


def drawing(app: Any, title: str) -> str:
    """As `App.export_screenshot` draws it, which knows true colour only."""
    width, height = app.size
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=True, record=True)
    console.print(app.screen._compositor.render_update(full=True, screen_stack=app._background_screens))
    system = SYSTEMS.get(app.console.color_system)
    if system is not None:
        console._record_buffer[:] = [_downgraded(each, system) for each in console._record_buffer]
    return console.export_svg(title=title, theme=VGA)


def _downgraded(segment: Segment, system: ColorSystem) -> Segment:
    if segment.style is None:
        return segment
    fewer = Style(
        color=_nearest(segment.style.color, system), bgcolor=_nearest(segment.style.bgcolor, system)
    )
    return Segment(segment.text, segment.style + fewer, segment.control)


def _nearest(colour: Color | None, system: ColorSystem) -> Color | None:
    """By the same rule that Rich writes to the terminal with."""
    return colour and colour.downgrade(system)
