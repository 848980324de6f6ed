"""The sessions screen: a table of recorded sessions, the text of the selected one, and full-text search.

It returns the id of a session to resume, or None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import DataTable, Input

from core.errors import SteerError, UsageError
from sessions.recorded.index import SessionEntry
from steertui import commands
from steertui.screens.connection import EngineLink
from steertui.screens.notices import ShowsNotices
from steertui.screens.past_sessions import past_items
from steertui.screens.sessions import exporting
from steertui.screens.sessions.recorded import load_film, search_sessions
from steertui.screens.sessions.replay import ReplayScreen
from steertui.screens.sessions.verification import VerificationCard
from steertui.text import safe_text
from steertui.textual_patches.measured_table import MeasuredTable
from steertui.widgets.bars import clip_middle, clip_text
from steertui.widgets.cover import Cover
from steertui.widgets.line import SafeInput
from steertui.widgets.status.hints import Hints
from steertui.widgets.transcript.document import Item, TranscriptNote
from steertui.widgets.transcript.view import Transcript

COLUMNS = ("began", "model", "turns", "tokens", "first words", "id")
OTHERS = 53
"""Width of the other columns, margins and border included."""
NARROWEST = 13


class SessionsScreen(ShowsNotices, Screen[str | None]):
    """F5. `link` is the connection to the engine, which has one session open and can verify any."""

    CSS_PATH = "sessions.tcss"
    AUTO_FOCUS = "#recorded"
    BINDINGS = [*commands.key_bindings(commands.SESSIONS)]
    PLACES = (commands.SESSIONS,)
    TOPIC = "sessions"

    def __init__(self, link: EngineLink) -> None:
        super().__init__()
        self._link, self._current = link, link.state.session
        self._verification = VerificationCard(link)
        self._entries: dict[str, SessionEntry] = {}

    def compose(self) -> ComposeResult:
        yield SafeInput(placeholder="search the text of all sessions", id="search")
        yield MeasuredTable(id="recorded", cursor_type="row")
        yield self._verification
        yield Transcript(id="words")
        yield Hints()
        yield Cover()

    def on_mount(self) -> None:
        self._table.border_title = "sessions"
        for column in COLUMNS:
            self._table.add_column(column, key=column)
        self._transcript.border_title = "transcript"
        # A record is read from its beginning, so the view must not follow the end.
        self._transcript.anchor(False)
        self.query_one(Hints).show(commands.screen_hints(commands.SESSIONS, "go on"))
        self.reload()

    @property
    def _table(self) -> DataTable[Text]:
        return self.query_one(DataTable)

    @property
    def _transcript(self) -> Transcript:
        return self.query_one(Transcript)

    @property
    def _chosen(self) -> SessionEntry:
        if not self._table.row_count:
            raise UsageError("there is no recorded session here")
        key = self._table.coordinate_to_cell_key(self._table.cursor_coordinate).row_key
        return self._entries[str(key.value)]

    @work(exclusive=True, group="read", exit_on_error=False)
    async def reload(self) -> None:
        """Reload the table, off the event loop: changed journals are indexed again."""
        wanted = self.query_one("#search", Input).value
        try:
            entries = await asyncio.to_thread(search_sessions, wanted)
        except SteerError as error:
            self.warn(str(error))
            return
        self._entries = {entry.id: entry for entry in entries}
        self._table.clear()
        room = _shared_widths(entries, self.size.width)
        for entry in entries:
            self._table.add_row(*_session_row(entry, self._current, *room), key=entry.id)
        if not entries:
            self._show_items(
                [
                    TranscriptNote(
                        "no session contains these words" if wanted else "no session has been recorded yet"
                    )
                ]
            )

    # Showing a session -----------------------------------------------------------------------------------------

    @on(DataTable.RowHighlighted)
    def _highlighted(self, event: DataTable.RowHighlighted) -> None:
        if event.row_key.value in self._entries:
            self._verification.set_session(self._entries[event.row_key.value])
            self.show_words(self._entries[event.row_key.value])

    @work(exclusive=True, group="words", exit_on_error=False)
    async def show_words(self, entry: SessionEntry) -> None:
        try:
            items = past_items((await asyncio.to_thread(load_film, entry)).path)
        except SteerError as error:
            items = [TranscriptNote(safe_text(str(error)), "warning")]
        self._transcript.border_subtitle = Text(safe_text(entry.damage))
        self._show_items(items)

    def _show_items(self, items: list[Item]) -> None:
        self._transcript.clear()
        self._transcript.extend(items)
        self._transcript.scroll_home(animate=False)

    def on_resize(self) -> None:
        """Recompute the column widths; long names are cut."""
        room = _shared_widths(list(self._entries.values()), self.size.width)
        for entry in self._entries.values():
            for column, cell in zip(COLUMNS, _session_row(entry, self._current, *room), strict=True):
                self._table.update_cell(entry.id, column, cell, update_width=True)

    @on(Input.Changed, "#search")
    def _searched(self) -> None:
        self.reload()

    @on(Input.Submitted, "#search")
    def _search_done(self) -> None:
        self._table.focus()

    # Actions ---------------------------------------------------------------------------------------------------

    @on(DataTable.RowSelected)
    def _return_selected(self) -> None:
        """Return the selected session, unless it is already open on the desk."""
        self.dismiss(None if self._chosen.id == self._current else self._chosen.id)

    def action_back(self) -> None:
        """Leave the search, or leave the screen."""
        if isinstance(self.focused, Input):
            self._table.focus()
        else:
            self.dismiss(None)

    def action_search(self) -> None:
        self.query_one("#search", Input).focus()

    def action_export(self) -> None:
        if entry := self._chosen_or_warn():
            exporting.open_export_dialog(self, entry)

    def action_verify(self) -> None:
        if entry := self._chosen_or_warn():
            self._verification.set_session(entry)
            self._verification.toggle()

    @work(group="replay", exclusive=True, exit_on_error=False)
    async def action_replay(self) -> None:
        """Open the replay; a branch made there is the session to continue with."""
        if not (entry := self._chosen_or_warn()):
            return
        try:
            film = await asyncio.to_thread(load_film, entry)
        except SteerError as error:
            self.warn(str(error))
            return

        def left(session: str | None) -> None:
            if session is not None:
                self.dismiss(session)

        self.app.push_screen(ReplayScreen(entry, film, VerificationCard(self._link)), left)

    def _chosen_or_warn(self) -> SessionEntry | None:
        """The selected session; if there is none, show why and return None."""
        try:
            return self._chosen
        except SteerError as error:
            self.warn(str(error))
            return None


def _shared_widths(entries: Sequence[SessionEntry], width: int) -> tuple[int, int]:
    """Widths of the model and title columns, which share the room that the others leave."""
    room = max(width - OTHERS, 2 * NARROWEST)
    titles = max((cell_len(safe_text(entry.title)) for entry in entries), default=0)
    models = max((cell_len(safe_text(entry.model)) for entry in entries), default=0)
    model = min(models, max(NARROWEST, room // 3, room - titles))
    return model, room - model


def _session_row(entry: SessionEntry, current: str, model: int, title: int) -> list[Text]:
    """The cells as `Text`, because the table would parse `str` as markup."""
    began = entry.began[:16].replace("T", " ")
    words = (
        ("▶ " if entry.id == current else "  ") + began,
        clip_middle(safe_text(entry.model), model),
        str(entry.turns),
        str(entry.tokens),
        clip_text(safe_text(entry.title), title),
        entry.id[-6:],
    )
    return [Text(safe_text(word)) for word in words]
