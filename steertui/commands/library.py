"""Commands of the library screen."""

from __future__ import annotations

from steertui.commands.command import LIBRARY, Command, command_group

COMMANDS: tuple[Command, ...] = (
    *command_group(
        "library",
        LIBRARY,
        (
            "library.filter",
            "slash",
            "/",
            "filter",
            "Filter (enter loads a vector on the desk)",
            "filter",
        ),
        (
            "library.check",
            "t",
            "t",
            "check",
            "Check it on the loaded model, about a minute (t again or esc stops)",
            "check",
        ),
        ("library.import", "o", "o", "import", "Import a file of any format", "import_file"),
        ("library.rename", "R", "R", "rename", "Rename the vector", "rename"),
        ("library.note", "n", "n", "note", "Write a note on the vector", "note"),
        ("library.remove", "delete", "del", "trash", "Move the vector to the trash", "remove"),
        ("library.undo", "z", "z", "", "Restore the vector removed last", "undo"),
        ("library.trash", "T", "T", "", "Open the trash to restore any vector", "trash"),
        ("library.back", "escape", "esc", "desk", "Back to the desk", "back"),
    ),
)
