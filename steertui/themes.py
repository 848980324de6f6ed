"""Our own look: dark, light, and one in the terminal's own sixteen colours; heat runs blue to orange, for every eye."""

from __future__ import annotations

from rich.color import ANSI_COLOR_NAMES
from textual.theme import BUILTIN_THEMES, Theme

NIGHT = Theme(
    name="steertui-night",
    primary="#6fb3c8",
    secondary="#9d8fd0",
    accent="#f0a35e",
    warning="#e8c268",
    error="#e2737b",
    success="#8fc18b",
    foreground="#d5dae3",
    background="#10131a",
    surface="#151922",
    panel="#1d222d",
    dark=True,
    variables={
        "heat-cool": "#3f8fe0",
        "heat-warm": "#f08a3c",
        "border": "#39414f",
        "border-blurred": "#39414f",
        "block-cursor-background": "#6fb3c8",
        "block-cursor-foreground": "#10131a",
        "footer-key-foreground": "#f0a35e",
        "input-selection-background": "#6fb3c8 30%",
        "scrollbar": "#2b323f",
        "scrollbar-hover": "#3d4657",
        "scrollbar-active": "#6fb3c8",
        "scrollbar-background": "#10131a",
        "scrollbar-background-hover": "#10131a",
        "scrollbar-background-active": "#10131a",
    },
)

DAY = Theme(
    name="steertui-day",
    primary="#1f6f8b",
    secondary="#6a55a8",
    accent="#b65a12",
    warning="#8a6a00",
    error="#b3303b",
    success="#2f7a3a",
    foreground="#1f242d",
    background="#f6f4ef",
    surface="#efece5",
    panel="#e4e0d7",
    dark=False,
    variables={
        "heat-cool": "#2f7fd0",
        "heat-warm": "#e07a24",
        "border": "#b9b3a6",
        "border-blurred": "#b9b3a6",
        "footer-key-foreground": "#b65a12",
    },
)

SIXTEEN = Theme(
    name="steertui-16",
    dark=True,
    primary="#00aaaa",
    secondary="#aa00aa",
    accent="#ffff55",
    warning="#ffff55",
    error="#ff5555",
    success="#00aa00",
    foreground="#aaaaaa",
    background="#000000",
    surface="#000000",
    panel="#000000",
    boost="#000000",
    variables={
        "heat-cool": "#5555ff",
        "heat-warm": "#aa5500",
        "border": "#555555",
        "border-blurred": "#555555",
        "text-muted": "#aaaaaa",
        "text-disabled": "#555555",
        "block-cursor-background": "#00aaaa",
        "block-cursor-foreground": "#000000",
        "block-hover-background": "#0000aa",
        "input-cursor-background": "#aaaaaa",
        "input-cursor-foreground": "#000000",
        "input-selection-background": "#0000aa",
        "footer-key-foreground": "#ffff55",
        "scrollbar": "#555555",
        "scrollbar-hover": "#aaaaaa",
        "scrollbar-active": "#00aaaa",
        "scrollbar-background": "#000000",
        "scrollbar-background-hover": "#000000",
        "scrollbar-background-active": "#000000",
    },
)
"""Exactly colours that a terminal of sixteen has, so that nothing is rounded to a neighbour, and no blends of them."""

OWN = (NIGHT, DAY, SIXTEEN)
NAMES = (*(theme.name for theme in OWN), *sorted(BUILTIN_THEMES))
USUAL = {"heat-cool": "#3f8fe0", "heat-warm": "#f08a3c"}
"""What themes that are not ours do not know: the ends of the heat scale."""

# Textual spells `ansi_red` what Rich spells `red`, and what is styled by Rich reads colours from Textual's themes.
ANSI_COLOR_NAMES.update({f"ansi_{name}": number for name, number in list(ANSI_COLOR_NAMES.items())[:16]})


def fitting(colours: int) -> str:
    """The look for somebody who named none: sixteen colours are the terminal's own, all others are ours."""
    return SIXTEEN.name if colours == 16 else NIGHT.name
