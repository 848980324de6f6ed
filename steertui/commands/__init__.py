"""The registry of all user actions: id (for the keymap), keys, and texts for footer, help and palette.

Key bindings, hints, palette and help are all generated from here, so they cannot disagree.
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
from steertui.commands.hints import desk_hints, place_hints, screen_hints
from steertui.commands.registry import BY_ID, COMMANDS, STRIP_KEYS, key_bindings, palette_commands

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
    "desk_hints",
    "key_bindings",
    "palette_commands",
    "place_hints",
    "screen_hints",
]
