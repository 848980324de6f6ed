"""The app's own themes: dark, light, 256 colours, 16 colours and grey; heat runs from blue to orange
(colour-blind safe).
"""

from __future__ import annotations

from collections.abc import Mapping

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
        "heat-warm": "#c8640f",
        "border": "#b9b3a6",
        "border-blurred": "#b9b3a6",
        "footer-key-foreground": "#b65a12",
        "scrollbar": "#cfc9bc",
        "scrollbar-hover": "#b9b3a6",
        "scrollbar-active": "#1f6f8b",
        "scrollbar-background": "#f6f4ef",
        "scrollbar-background-hover": "#f6f4ef",
        "scrollbar-background-active": "#f6f4ef",
    },
)

SIXTEEN = Theme(
    name="steertui-16",
    dark=True,
    primary="#00aaaa",
    secondary="#ff55ff",
    accent="#ffff55",
    warning="#ffff55",
    error="#ff5555",
    success="#55ff55",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    boost="#000000",
    variables={
        "heat-cool": "#5555ff",
        "heat-warm": "#aa5500",
        "row": "#0000aa",
        "rule": "#aa5500",
        "banner": "#aa0000",
        "border": "#555555",
        "border-blurred": "#555555",
        "text-muted": "#aaaaaa",
        "text-disabled": "#555555",
        "block-cursor-background": "#00aaaa",
        "block-cursor-foreground": "#000000",
        "block-cursor-blurred-background": "#0000aa",
        "block-cursor-blurred-foreground": "#ffffff",
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
"""Uses exactly the colours of a 16-colour terminal, so nothing is rounded or blended."""

NIGHT_256 = Theme(
    name="steertui-256",
    dark=True,
    primary="#5fafd7",
    secondary="#af87d7",
    accent="#ffaf5f",
    warning="#d7af5f",
    error="#d75f5f",
    success="#87af87",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    variables={
        "heat-cool": "#5f87d7",
        "heat-warm": "#ff875f",
        "row": "#005f87",
        "rule": "#875f00",
        "banner": "#870000",
        "border": "#444444",
        "border-blurred": "#444444",
        "text-muted": "#9e9e9e",
        "text-disabled": "#767676",
        "block-cursor-background": "#5fafd7",
        "block-cursor-foreground": "#121212",
        "block-cursor-blurred-background": "#005f87",
        "block-cursor-blurred-foreground": "#d0d0d0",
        "block-hover-background": "#303030",
        "input-selection-background": "#005f87",
        "footer-key-foreground": "#ffaf5f",
        "scrollbar": "#3a3a3a",
        "scrollbar-hover": "#585858",
        "scrollbar-active": "#5fafd7",
        "scrollbar-background": "#121212",
        "scrollbar-background-hover": "#121212",
        "scrollbar-background-active": "#121212",
    },
)
"""The dark theme in colours of the 256 palette, because rounding would merge its blues and greys."""

GREY = Theme(
    name="steertui-grey",
    dark=True,
    primary="#aaaaaa",
    secondary="#aaaaaa",
    accent="#ffffff",
    warning="#ffffff",
    error="#ffffff",
    success="#aaaaaa",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    boost="#000000",
    variables=SIXTEEN.variables
    | {
        "heat-cool": "#555555",
        "heat-warm": "#aaaaaa",
        "row": "#555555",
        "rule": "#555555",
        "banner": "#555555",
        "block-cursor-background": "#aaaaaa",
        "block-cursor-blurred-background": "#555555",
        "block-hover-background": "#555555",
        "input-selection-background": "#555555",
        "footer-key-foreground": "#ffffff",
        "scrollbar-active": "#ffffff",
    },
)
"""The four greys of a 16-colour terminal, for NO_COLOR."""

OWN = (NIGHT, DAY, NIGHT_256, SIXTEEN, GREY)
NAMES = (*(theme.name for theme in OWN), *sorted(BUILTIN_THEMES))

# Textual spells `ansi_red` what Rich spells `red`, and what is styled by Rich reads colours from Textual's themes.
ANSI_COLOR_NAMES.update({f"ansi_{name}": number for name, number in list(ANSI_COLOR_NAMES.items())[:16]})


def complete_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """A theme's colours with defaults for ours: heat, selected row, rules and banner."""
    shares = {"row": ("primary", 30), "rule": ("accent", 45), "banner": ("error", 25)}
    usual = {"heat-cool": "#3f8fe0", "heat-warm": "#f08a3c"}
    for name, (colour, share) in shares.items():
        solid = variables[colour]
        # A colour of the terminal's own palette has no RGB value to blend with the background.
        usual[name] = solid if solid.startswith("ansi_") else f"{solid} {share}%"
    return usual | dict(variables)


def default_theme(color_system: str | None, *, no_color: bool) -> str:
    """The default theme for Rich's name of the terminal's colour system."""
    if color_system in ("standard", "windows"):
        return GREY.name if no_color else SIXTEEN.name
    return NIGHT_256.name if color_system == "256" and not no_color else NIGHT.name
