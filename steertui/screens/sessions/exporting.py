"""Writing a session in a form that others read, asked for from the list and from the replay alike."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from textual.app import App
from textual.screen import Screen

from core.errors import SteerError
from sessions.export import FORMS, LOGS
from sessions.index import Entry
from steertui import clipboard
from steertui.screens.pick import Choice, Pick
from steertui.screens.sessions.recorded import exported
from steertui.text import safe_text

SAID = {
    "md": "a transcript to read, every change at its token",
    "jsonl": "chat messages with their steering, for programs",
    "html": "a page with colour per token",
    "csv": "a row per token, for statistics",
    "cast": "a film of a terminal, for asciinema",
    "inspect": "a log for Inspect, a sample per conversation",
}


def ask(screen: Screen[Any], entry: Entry) -> None:
    """Which form; then it is written, and where it lies is said."""

    def answered(form: str | None) -> None:
        if form is not None:
            screen.run_worker(_write(screen, entry, form), group="export", exit_on_error=False)

    choices = [Choice(form, form, SAID.get(form, "")) for form in (*FORMS, *LOGS)]
    screen.app.push_screen(Pick("export as", choices, filtered=False), answered)


async def _write(screen: Screen[Any], entry: Entry, form: str) -> None:
    """The whole path is long and goes to the clipboard; what is said of it fits a line."""
    try:
        place = await asyncio.to_thread(exported, entry, form)
    except (SteerError, OSError) as error:
        screen.notify(safe_text(str(error)), severity="error", markup=False, timeout=8)
        return
    # Not the app's own copying, which would tell in a second message where the copy went.
    App.copy_to_clipboard(screen.app, str(place))
    await asyncio.to_thread(clipboard.places, str(place))
    screen.notify(safe_text(told(place), multiline=True), markup=False, timeout=5)


def told(place: Path) -> str:
    """The end of the path, below the one of the sessions: session, folder, file."""
    session, folder, file = place.parts[-3:]
    return f"written, path copied:\n…{session[-6:]}/{folder}/…{file[-15:]}"
