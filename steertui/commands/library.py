"""The library: how one gets there, and what is done in it."""

from __future__ import annotations

from steertui.commands.command import BOTH, LIBRARY, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "library",
        BOTH,
        (
            "library.open",
            "open('library')",
            "f4",
            "F4",
            "library",
            "The library: all vectors and their cards",
        ),
    ),
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
        ("library.keys", "keys", "f1,question_mark", "F1", "help", "The key map"),
        ("library.back", "back", "escape,f2", "esc", "desk", "Back to the desk"),
    ),
)
