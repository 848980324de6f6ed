"""The type of a command: id for the keymap, keys, and texts for footer, help and palette."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

BOTH, PLAY, BANK, LIBRARY = "anywhere", "PLAY", "fader bank", "library"
JOBS, FORM, SESSIONS, REPLAY, EVERYWHERE = "jobs", "job form", "sessions", "replay", "everywhere"
TRANSCRIPT = "transcript"


@dataclass(frozen=True)
class Command:
    """`keys` are Textual's key names, comma separated; `shown` is how the help writes them. Without keys:
    palette only. `own` is an action of the command's own screen; without it the desk handles the
    command by its id.
    """

    id: str
    keys: str
    shown: str
    hint: str
    title: str
    own: str = ""
    _: KW_ONLY
    where: str
    group: str

    @property
    def action(self) -> str:
        """The Textual action, relative to the screen or app that handles it."""
        return self.own or f"screen.do('{self.id}')"

    @property
    def address(self) -> str:
        """The action with its namespace: the app's, or the current screen's."""
        whose = "app" if self.where == EVERYWHERE else "screen"
        return f"{whose}.{self.own}" if self.own else self.action


def command_group(name: str, where: str, *rows: tuple[str, ...]) -> tuple[Command, ...]:
    """Commands listed together in the help; a row has the first fields of `Command` in order."""
    return tuple(Command(*row, where=where, group=name) for row in rows)
