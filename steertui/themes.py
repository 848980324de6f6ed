"""Our own look, dark and light, beside the themes Textual brings; heat runs blue to orange, for every eye."""

from __future__ import annotations

from textual.theme import Theme

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

OWN = (NIGHT, DAY)
DEFAULT = NIGHT.name
HEAT = {"heat-cool": "#3f8fe0", "heat-warm": "#f08a3c"}
