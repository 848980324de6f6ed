"""What an action of the app is: its id for the keymap, its keys, its words for footer, help and palette."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

BOTH, PLAY, BANK, LIBRARY = "anywhere", "PLAY", "fader bank", "library"
JOBS, FORM, SESSIONS, REPLAY, EVERYWHERE = "jobs", "job form", "sessions", "replay", "everywhere"
TRANSCRIPT = "transcript"


@dataclass(frozen=True)
class Command:
    """`keys` are Textual's names, comma separated; `shown` is how the help writes them. Neither: palette only.
    `own`: the action of its screen that does it; without one it is done on the desk, by its id."""

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
        return self.own or f"screen.do('{self.id}')"

    @property
    def address(self) -> str:
        """The action with whose it is: the app's, or the screen's that is shown."""
        whose = "app" if self.where == EVERYWHERE else "screen"
        return f"{whose}.{self.own}" if self.own else self.action


def group(name: str, where: str, *rows: tuple[str, ...]) -> tuple[Command, ...]:
    """Commands that stand together in the help; a row is a command's first fields in their order."""
    return tuple(Command(*row, where=where, group=name) for row in rows)
