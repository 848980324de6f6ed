"""What an action of the app is: its id for the keymap, its keys, its words for footer, help and palette."""

from __future__ import annotations

from dataclasses import dataclass

BOTH, PLAY, BANK, LIBRARY = "anywhere", "PLAY", "fader bank", "library"
JOBS, FORM, SESSIONS, REPLAY, EVERYWHERE = "jobs", "job form", "sessions", "replay", "everywhere"
TRANSCRIPT = "transcript"


@dataclass(frozen=True)
class Command:
    """`keys` are Textual's names, comma separated; `shown` is how the help writes them. No keys: palette only."""

    id: str
    action: str
    keys: str
    shown: str
    hint: str
    title: str
    where: str
    group: str

    @property
    def address(self) -> str:
        """The action with whose it is: the app's, or the screen's that is shown."""
        return f"{'app' if self.where == EVERYWHERE else 'screen'}.{self.action.removeprefix('screen.')}"


def group(name: str, where: str, *rows: tuple[str, str, str, str, str, str]) -> tuple[Command, ...]:
    """Commands that stand together in the help; a row is a command's fields in their order."""
    return tuple(Command(*row, where=where, group=name) for row in rows)


def edit(name: str) -> str:
    """The action that turns a dial of the selected strip."""
    return f"edit('{name}')"
