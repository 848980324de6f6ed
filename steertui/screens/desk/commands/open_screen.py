"""Opens the other screens from the desk; what is chosen there is used here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from steertui.screens.desk.dialogs.add_vector import add_vector_strip

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def open_jobs(desk: DeskScreen) -> None:
    """F3; a vector chosen there gets a strip."""
    from steertui.screens.jobs.screen import JobsScreen

    def answered(file: str | None) -> None:
        if file is not None:
            desk.run_async(add_vector_strip(desk, file))

    desk.app.push_screen(JobsScreen(desk.link, desk.ledger), answered)


def open_library(desk: DeskScreen) -> None:
    """F4; a vector chosen there gets a strip. The cursor starts where it was last time."""
    # Reading cards costs an import of numpy, which the first frame need not wait for.
    from steertui.screens.library.screen import LibraryScreen

    def answered(name: str | None) -> None:
        if name is not None:
            desk.run_async(add_vector_strip(desk, name))

    def looked(name: str) -> None:
        desk.library_cursor = name

    loaded = [channel.label for channel in desk.mixer_panel.board.mixer.channels]
    desk.app.push_screen(LibraryScreen(desk.link, loaded, desk.library_cursor, looked), answered)


def open_sessions(desk: DeskScreen) -> None:
    """F5; the session chosen there is opened."""
    # Reading journals costs an import of sqlite, which the first frame need not wait for.
    from steertui.screens.sessions.screen import SessionsScreen

    def answered(session: str | None) -> None:
        if session is not None:
            desk.request("session.open", session=session)

    desk.app.push_screen(SessionsScreen(desk.link), answered)


ROOMS: Mapping[str, Callable[[DeskScreen], None]] = {
    "jobs": open_jobs,
    "library": open_library,
    "sessions": open_sessions,
}
"""By help topic."""
