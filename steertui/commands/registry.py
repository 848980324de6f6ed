"""All commands, in the order of the help; a new one is one row in the file of its place."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from steertui.commands import answer, app, jobs, library, rack, replay, sessions, token, view
from steertui.commands.command import BOTH, EVERYWHERE, Command

COMMANDS: tuple[Command, ...] = (
    *answer.COMMANDS,
    *rack.COMMANDS,
    *view.COMMANDS,
    *token.COMMANDS,
    *jobs.COMMANDS,
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
        Binding(key, command.action, command.title, id=command.id, show=False, priority=_first(command, key))
        for command in COMMANDS
        for key in filter(None, command.keys.split(","))
        if command.where in where
    ]


def _first(command: Command, key: str) -> bool:
    """Keys that go before whoever is typed into: function keys, which lead away from any dialog, and ctrl+e, ctrl+q."""
    function = key[:1] == "f" and key[1:].isdigit()
    return command.where in (BOTH, EVERYWHERE) and (function or command.id in ("prompt.editor", "app.quit"))


def palette(*where: str) -> list[Command]:
    """What makes sense by name in these places, the palette itself left out."""
    unnamed = ("app.palette", "app.interrupt")
    return [each for each in COMMANDS if each.where in where and each.id not in unnamed]
