"""How the desk looks."""

from __future__ import annotations

from steertui.commands.command import BOTH, PLAY, Command, group

COMMANDS: tuple[Command, ...] = (
    *group(
        "view",
        PLAY,
        (
            "heat.cycle",
            "h",
            "h",
            "heat",
            "Colour tokens by projection: off, background, underline, marks",
        ),
        ("view.shadow", "S", "S", "shadow", "Shadow of the next answers: free, forced, none"),
        ("heat.channel", "H", "H", "", "Heat from the next channel"),
    ),
    *group(
        "view",
        BOTH,
        ("view.rack", "ctrl+t", "ctrl+t", "", "Show or hide the rack"),
    ),
)
