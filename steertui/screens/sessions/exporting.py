"""The export dialog, used by the sessions list and the replay."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from textual.app import App
from textual.screen import Screen

from core.errors import SteerError
from sessions.export import FORMS, LOGS
from sessions.recorded.index import SessionEntry
from steertui.screens.notices import ERROR_S, ScreenNotice
from steertui.screens.pick import ChoiceDialog
from steertui.screens.sessions.recorded import export_session
from steertui.terminal import clipboard
from steertui.text import safe_text
from steertui.widgets.choices import Choice

SAID = {
    "md": "a transcript to read, every change at its token",
    "jsonl": "chat messages with their steering, for programs",
    "html": "a page with colour per token",
    "csv": "a row per token, for statistics",
    "cast": "a terminal recording, for asciinema",
    "inspect": "a log for Inspect, a sample per conversation",
}


def open_export_dialog(screen: Screen[Any], entry: SessionEntry) -> None:
    """Ask for the format, write the file, and show its path."""

    def answered(form: str | None) -> None:
        if form is not None:
            screen.run_worker(_write(screen, entry, form), group="export", exit_on_error=False)

    choices = [Choice(form, form, SAID.get(form, "")) for form in (*FORMS, *LOGS)]
    screen.app.push_screen(ChoiceDialog("export as", choices, filtered=False), answered)


async def _write(screen: Screen[Any], entry: SessionEntry, form: str) -> None:
    """Write the export; the full path goes to the clipboard and a short form into the notice."""
    try:
        place = await asyncio.to_thread(export_session, entry, form)
    except (SteerError, OSError) as error:
        screen.post_message(ScreenNotice(str(error), "error", ERROR_S))
        return
    # Not the app's own copy action, which would show a second notice about the clipboard.
    App.copy_to_clipboard(screen.app, str(place))
    await asyncio.to_thread(clipboard.copy_text, str(place))
    screen.notify(safe_text(export_notice(place), multiline=True), markup=False, timeout=5)


def export_notice(place: Path) -> str:
    """The notice: the end of the path (session, folder, file)."""
    session, folder, file = place.parts[-3:]
    return f"written, path copied:\n…{session[-6:]}/{folder}/…{file[-15:]}"
