"""The library: what is done in it."""

from __future__ import annotations

from steertui.commands.command import LIBRARY, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "library",
        LIBRARY,
        (
            "library.filter",
            "slash",
            "/",
            "filter",
            "Filter (in the library; enter takes a vector to the desk)",
            "filter",
        ),
        (
            "library.check",
            "t",
            "t",
            "check",
            "Check it on this model, about a minute (again, or esc, stops it)",
            "check",
        ),
        ("library.import", "o", "o", "import", "Import a file of any format", "import_file"),
        ("library.rename", "R", "R", "rename", "Rename", "rename"),
        ("library.note", "n", "n", "note", "Write a note on it", "note"),
        ("library.remove", "delete", "del", "trash", "Move to the trash", "remove"),
        ("library.undo", "z", "z", "", "Take back from the trash what was removed last", "undo"),
        ("library.trash", "T", "T", "", "The trash: take any vector back", "trash"),
        ("library.back", "escape", "esc", "desk", "Back to the desk", "back"),
    ),
)
