"""The library: what is done in it."""

from __future__ import annotations

from steertui.commands.command import LIBRARY, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "library",
        LIBRARY,
        (
            "library.filter",
            "filter",
            "slash",
            "/",
            "filter",
            "Filter (in the library; enter takes a vector to the desk)",
        ),
        (
            "library.check",
            "check",
            "t",
            "t",
            "check",
            "Check it on this model, about a minute (again, or esc, stops it)",
        ),
        ("library.rename", "rename", "R", "R", "rename", "Rename"),
        ("library.note", "note", "n", "n", "note", "Write a note on it"),
        ("library.remove", "remove", "delete", "del", "trash", "Move to the trash"),
        ("library.import", "import_file", "o", "o", "import", "Import a file of any format"),
        ("library.back", "back", "escape", "esc", "desk", "Back to the desk"),
    ),
)
