"""All commands in the order of the help; a new command is one row in the file of its group."""

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


def key_bindings(*where: str) -> list[BindingType]:
    """Textual bindings of the commands of these places; a keymap file refers to them by id."""
    return [
        Binding(
            key,
            command.action,
            command.title,
            id=command.id,
            show=False,
            priority=_has_priority(command, key),
        )
        for command in COMMANDS
        for key in filter(None, command.keys.split(","))
        if command.where in where
    ]


def _has_priority(command: Command, key: str) -> bool:
    """Whether a key takes precedence over text input: function keys, ctrl+e and ctrl+q."""
    function = key[:1] == "f" and key[1:].isdigit()
    return command.where in (BOTH, EVERYWHERE) and (function or command.id in ("prompt.editor", "app.quit"))


def palette_commands(*where: str) -> list[Command]:
    """Commands of these places that the palette lists by name."""
    unnamed = ("app.palette", "app.interrupt")
    return [each for each in COMMANDS if each.where in where and each.id not in unnamed]
