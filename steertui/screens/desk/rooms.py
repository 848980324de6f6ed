"""The other screens: each is entered from the desk, and what is taken there comes back to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from steertui.screens.desk.dialogs import play

if TYPE_CHECKING:
    from steertui.screens.desk.screen import Desk


def jobs(desk: Desk) -> None:
    """F3; a vector that is taken there gets a strip here."""
    from steertui.screens.jobs.screen import Jobs

    def answered(file: str | None) -> None:
        if file is not None:
            desk.later(play(desk, file))

    desk.app.push_screen(Jobs(desk.link, desk.ledger), answered)


def library(desk: Desk) -> None:
    """F4; what is taken there gets a strip here. The cursor is where it was the last time."""
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
    """F5; what is taken there goes on here."""
    # Reading journals costs an import of sqlite, which the first frame need not wait for.
    from steertui.screens.sessions.screen import Sessions

    def answered(session: str | None) -> None:
        if session is not None:
            desk.ask("session.open", session=session)

    desk.app.push_screen(Sessions(desk.link), answered)


ROOMS: Mapping[str, Callable[[Desk], None]] = {"jobs": jobs, "library": library, "sessions": sessions}
"""By the topic of their help."""
