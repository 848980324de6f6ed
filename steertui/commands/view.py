"""Commands that change how the desk is displayed."""

from __future__ import annotations

from steertui.commands.command import BOTH, PLAY, Command, command_group

COMMANDS: tuple[Command, ...] = (
    *command_group(
        "view",
        PLAY,
        (
            "heat.cycle",
            "h",
            "h",
            "heat",
            "Colour tokens by projection: off, background, underline, marks",
        ),
        ("view.shadow", "S", "S", "shadow", "Unsteered answer beside the next ones: free, forced, none"),
        ("view.thoughts", "T", "T", "", "Fold the thoughts of answers, or show them again"),
        ("heat.channel", "H", "H", "", "Colour tokens by the next channel"),
    ),
    *command_group(
        "view",
        BOTH,
        ("view.rack", "ctrl+t", "ctrl+t", "", "Show or hide the strips"),
    ),
)
