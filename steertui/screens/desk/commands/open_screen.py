"""Opens the other screens from the desk; what is chosen there is used here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from steertui.screens.desk.dialogs.add_vector import play

if TYPE_CHECKING:
    from steertui.screens.desk.screen import Desk


def jobs(desk: Desk) -> None:
    """F3; a vector chosen there gets a strip."""
    from steertui.screens.jobs.screen import Jobs

    def answered(file: str | None) -> None:
        if file is not None:
            desk.later(play(desk, file))

    desk.app.push_screen(Jobs(desk.link, desk.ledger), answered)


def library(desk: Desk) -> None:
    """F4; a vector chosen there gets a strip. The cursor starts where it was last time."""
    # Reading cards costs an import of numpy, which the first frame need not wait for.
    from steertui.screens.library.screen import Library

    def answered(name: str | None) -> None:
        if name is not None:
            desk.later(play(desk, name))

    def looked(name: str) -> None:
        desk.looked_at = name

    loaded = [channel.label for channel in desk.rack.board.mixer.channels]
    desk.app.push_screen(Library(desk.link, loaded, desk.looked_at, looked), answered)


def sessions(desk: Desk) -> None:
    """F5; the session chosen there is opened."""
    # Reading journals costs an import of sqlite, which the first frame need not wait for.
    from steertui.screens.sessions.screen import Sessions

    def answered(session: str | None) -> None:
        if session is not None:
            desk.ask("session.open", session=session)

    desk.app.push_screen(Sessions(desk.link), answered)


ROOMS: Mapping[str, Callable[[Desk], None]] = {"jobs": jobs, "library": library, "sessions": sessions}
"""By help topic."""
