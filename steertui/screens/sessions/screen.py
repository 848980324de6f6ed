"""The sessions: a table of all that was recorded, the words of the one under the cursor, and full-text search.

It is left with the id of a session to go on with, or with nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import DataTable, Input

from core.errors import SteerError, UsageError
from sessions.export import FORMS, export
from sessions.folder import Folder
from sessions.folding import fold_all
from sessions.index import Entry, Index
from sessions.reading import read
from steertui import commands, paths
from steertui.screens.keys import Keys
from steertui.screens.past import past
from steertui.screens.pick import Choice, Pick
from steertui.text import safe_text
from steertui.widgets.hints import Hints
from steertui.widgets.transcript.document import Item, Note
from steertui.widgets.transcript.view import Transcript

COLUMNS = ("began", "model", "turns", "tokens", "first words", "id")


class Sessions(Screen[str | None]):
    """F5. `current` is the session on the desk."""

    CSS_PATH = "sessions.tcss"
    AUTO_FOCUS = "#recorded"
    BINDINGS = [*commands.bindings(commands.SESSIONS)]

    def __init__(self, current: str, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._current, self._keymap = current, keymap
        self._entries: dict[str, Entry] = {}

    def compose(self) -> ComposeResult:
        yield Input(placeholder="search in everything that was said", id="search")
        yield DataTable(id="recorded", cursor_type="row")
        yield Transcript(id="words")
        yield Hints()

    def on_mount(self) -> None:
        self._table.border_title = "sessions"
        for column in COLUMNS:
            self._table.add_column(column, key=column)
        self._words.border_title = "what was said"
        self._words.anchor(False)
        self.query_one(Hints).show(commands.screen_hints(commands.SESSIONS, "go on"))
        self.read()

    @property
    def _table(self) -> DataTable[Text]:
        return self.query_one(DataTable)

    @property
    def _words(self) -> Transcript:
        return self.query_one(Transcript)

    @property
    def _chosen(self) -> Entry:
        if not self._table.row_count:
            raise UsageError("there is no recorded session here")
        key = self._table.coordinate_to_cell_key(self._table.cursor_coordinate).row_key
        return self._entries[str(key.value)]

    @work(exclusive=True, group="read", exit_on_error=False)
    async def read(self) -> None:
        """Off the loop: a journal that has grown is read again for the index."""
        wanted = self.query_one("#search", Input).value
        try:
            entries = await asyncio.to_thread(_found, wanted)
        except SteerError as error:
            self._warn(str(error))
            return
        self._entries = {entry.id: entry for entry in entries}
        self._table.clear()
        for entry in entries:
            self._table.add_row(*_row(entry, self._current), key=entry.id)
        if not entries:
            self._tell(
                [Note("nothing that was recorded has these words" if wanted else "nothing was recorded yet")]
            )

    # What is shown ---------------------------------------------------------------------------------------------

    @on(DataTable.RowHighlighted)
    def _highlighted(self, event: DataTable.RowHighlighted) -> None:
        if event.row_key.value in self._entries:
            self.show_words(self._entries[event.row_key.value])

    @work(exclusive=True, group="words", exit_on_error=False)
    async def show_words(self, entry: Entry) -> None:
        try:
            items = await asyncio.to_thread(_said, entry)
        except SteerError as error:
            items = [Note(safe_text(str(error)), "warning")]
        self._words.border_subtitle = Text(safe_text(entry.damage))
        self._tell(items)

    def _tell(self, items: list[Item]) -> None:
        self._words.clear()
        self._words.extend(items)
        self._words.scroll_home(animate=False)

    @on(Input.Changed, "#search")
    def _searched(self) -> None:
        self.read()

    @on(Input.Submitted, "#search")
    def _search_done(self) -> None:
        self._table.focus()

    # What is done ----------------------------------------------------------------------------------------------

    @on(DataTable.RowSelected)
    def _taken(self) -> None:
        """The session on the desk needs no opening."""
        self.dismiss(None if self._chosen.id == self._current else self._chosen.id)

    def action_back(self) -> None:
        """First out of the search, then out of the sessions."""
        if isinstance(self.focused, Input):
            self._table.focus()
        else:
            self.dismiss(None)

    def action_search(self) -> None:
        self.query_one("#search", Input).focus()

    def action_keys(self) -> None:
        self.app.push_screen(Keys(self._keymap))

    def action_export(self) -> None:
        try:
            entry = self._chosen
        except SteerError as error:
            self._warn(str(error))
            return

        def answered(form: str | None) -> None:
            if form is not None:
                self.write(entry, form)

        choices = [Choice(form, form) for form in FORMS]
        self.app.push_screen(Pick("export as", choices, filtered=False), answered)

    @work(group="export", exit_on_error=False)
    async def write(self, entry: Entry, form: str) -> None:
        try:
            place = await asyncio.to_thread(_exported, entry, form)
        except (SteerError, OSError) as error:
            self._warn(str(error))
            return
        self.notify(safe_text(f"written to {place}"), markup=False, timeout=8)

    def _warn(self, sentence: str) -> None:
        self.notify(safe_text(sentence), severity="error", markup=False, timeout=8)


def _found(words: str) -> list[Entry]:
    return Index(paths.sessions(), paths.cache() / "sessions.db").search(words)


def _said(entry: Entry) -> list[Item]:
    return past(fold_all(read(Folder(Path(entry.folder)).journal).records).path())


def _exported(entry: Entry, form: str) -> Path:
    """Beside the journal, so that what belongs together stays together."""
    folder = Folder(Path(entry.folder))
    place = paths.private(folder.path / "export") / f"{entry.id}.{form}"
    place.write_text(export(read(folder.journal).records, form, safe_text), encoding="utf-8")
    return place


def _row(entry: Entry, current: str) -> list[Text]:
    """Text and never str: the table would read markup."""
    began = entry.began[:16].replace("T", " ")
    mark = "▶ " if entry.id == current else ""
    words = (mark + began, entry.model, str(entry.turns), str(entry.tokens), entry.title, entry.id[-6:])
    return [Text(safe_text(word)) for word in words]
