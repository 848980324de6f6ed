"""Opens the other screens from the desk; what is chosen there is used here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from steertui.screens.desk.commands.vector_actions import add_vector_strip

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def open_jobs(desk: DeskScreen) -> None:
    """F3; a vector chosen there gets a strip."""
    from steertui.screens.jobs.screen import JobsScreen

    desk.open_dialog(
        JobsScreen(desk.link, desk.ledger), lambda file: desk.run_async(add_vector_strip(desk, file))
    )


def open_library(desk: DeskScreen) -> None:
    """F4; a vector chosen there gets a strip. The cursor starts where it was last time."""
    # Reading cards costs an import of numpy, which the first frame need not wait for.
    from steertui.screens.library.screen import LibraryScreen

    def remember_cursor(name: str) -> None:
        desk.library_cursor = name

    loaded = [channel.label for channel in desk.mixer_panel.board.mixer.channels]
    desk.open_dialog(
        LibraryScreen(desk.link, loaded, desk.library_cursor, remember_cursor),
        lambda name: desk.run_async(add_vector_strip(desk, name)),
    )


def open_sessions(desk: DeskScreen) -> None:
    """F5; the session chosen there is opened."""
    # Reading journals costs an import of sqlite, which the first frame need not wait for.
    from steertui.screens.sessions.screen import SessionsScreen

    desk.open_dialog(SessionsScreen(desk.link), lambda session: desk.request("session.open", session=session))


ROOMS: Mapping[str, Callable[[DeskScreen], None]] = {
    "jobs": open_jobs,
    "library": open_library,
    "sessions": open_sessions,
}
"""By help topic."""
