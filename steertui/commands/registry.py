"""All commands, in the order of the help; a new one is one row in the file of its place."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from steertui.commands import answer, app, library, rack, replay, sessions, view
from steertui.commands.command import BOTH, PLAY, Command

COMMANDS: tuple[Command, ...] = (
    *answer.COMMANDS,
    *rack.COMMANDS,
    *view.COMMANDS,
    *library.COMMANDS,
    *sessions.COMMANDS,
    *replay.COMMANDS,
    *app.COMMANDS,
)
BY_ID = {command.id: command for command in COMMANDS}
STRIP_KEYS = tuple(
    Binding(str(n), f"select({n - 1})", f"Select strip {n}", id=f"strip.{n}", show=False)
    for n in range(1, 10)
)


def bindings(*where: str) -> list[BindingType]:
    """Textual bindings of the commands that live in these places; the id is what a keymap file names."""
    return [
        Binding(command.keys, command.action, command.title, id=command.id, show=False)
        for command in COMMANDS
        if command.keys and command.where in where
    ]


def palette() -> list[Command]:
    """What makes sense by name at the desk: not the cursor keys of the bank, and not the palette itself."""
    unnamed = ("app.palette", "app.interrupt")
    return [each for each in COMMANDS if each.where in (BOTH, PLAY) and each.id not in unnamed]
