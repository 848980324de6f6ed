"""Every action of the app, once: its id for the keymap, its keys, its words for footer, help and palette.

Keys, hints, palette and help are all read from here, so an action cannot have one of them and lack another.
"""

from __future__ import annotations

from steertui.commands.command import (
    BANK,
    BOTH,
    EVERYWHERE,
    FORM,
    JOBS,
    LIBRARY,
    PLAY,
    REPLAY,
    SESSIONS,
    TRANSCRIPT,
    Command,
)
from steertui.commands.hints import hints, place_hints, screen_hints
from steertui.commands.registry import BY_ID, COMMANDS, STRIP_KEYS, bindings, palette

__all__ = [
    "BANK",
    "BOTH",
    "BY_ID",
    "COMMANDS",
    "EVERYWHERE",
    "FORM",
    "JOBS",
    "LIBRARY",
    "PLAY",
    "REPLAY",
    "SESSIONS",
    "STRIP_KEYS",
    "TRANSCRIPT",
    "Command",
    "bindings",
    "hints",
    "palette",
    "place_hints",
    "screen_hints",
]
