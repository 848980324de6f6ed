"""The library screen: a table of all vectors, the card of the selected one, and the actions on it.

It returns the name of a vector to load on the desk, or None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import DataTable, Input, Static

from core.errors import SteerError, UsageError
from steertui import commands
from steertui.screens.ask import InputDialog
from steertui.screens.connection import EngineLink
from steertui.screens.library.card_page import render_card
from steertui.screens.library.check_card import CheckCard
from steertui.screens.library.compatibility import fit_badge, fit_warnings, refusal_reason, shape_of
from steertui.screens.library.importing import ImportDialog
from steertui.screens.library.rows import COLUMNS, column_widths, desk_cosines, vector_row
from steertui.screens.library.trash_dialog import TrashBin
from steertui.screens.notices import ShowsNotices
from steertui.text import safe_text
from steertui.textual_patches.measured_table import MeasuredTable
from steertui.widgets.cover import Cover
from steertui.widgets.line import SafeInput
from steertui.widgets.status.hints import Hints
from vectors.library import library
from vectors.library.library import LibraryEntry

UPDATES_PER_S = 1  # per second; the loaded model may change
FRAME = 5
"""Cells of a row taken by the border and the scrollbar."""


class LibraryScreen(ShowsNotices, Screen[str | None]):
    """F4. `loaded` are the vectors on the desk, for cosines; `link` is the connection to the engine that
    runs checks. The cursor starts on vector `at`; `looked` is called with the name under the cursor.
    """

    CSS_PATH = "library.tcss"
    AUTO_FOCUS = "#vectors"
    BINDINGS = [*commands.key_bindings(commands.LIBRARY)]
    PLACES = (commands.LIBRARY,)
    TOPIC = "library"

    def __init__(
        self,
        link: EngineLink,
        loaded: Sequence[str],
        at: str = "",
        looked: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__()
        self._start_at, self._cursor_callback = at, looked
        self._link, self._loaded = link, loaded
        self._check = CheckCard(link)
        self._entries: dict[str, LibraryEntry] = {}
        self._rows: list[tuple[str, list[Text]]] = []
        self._shape = shape_of(link.state.model)
        self._bin = TrashBin(self, self.reload)

    def compose(self) -> ComposeResult:
        yield SafeInput(placeholder="filter: name, note, model, method", id="filter")
        yield MeasuredTable(id="vectors", cursor_type="row", zebra_stripes=False)
        with VerticalScroll(id="card", can_focus=False):
            yield self._check
            yield Static(id="page")
        yield Hints()
        yield Cover()

    def on_mount(self) -> None:
        self._table.border_title = "library"
        self.query_one("#card").border_title = "card"
        self.query_one(Hints).show(commands.screen_hints(commands.LIBRARY, "load"))
        self.set_interval(1 / UPDATES_PER_S, self._check_model)
        self.reload(self._start_at)

    @property
    def _table(self) -> DataTable[Text]:
        return self.query_one(DataTable)

    @property
    def _chosen(self) -> LibraryEntry:
        if not self._table.row_count:
            raise UsageError("there is no vector here: o imports a file")
        key = self._table.coordinate_to_cell_key(self._table.cursor_coordinate).row_key
        return self._entries[str(key.value)]

    def reload(self, keep: str | None = None) -> None:
        """Reload the table, with the cursor on `keep`."""
        self._read(keep)

    @work(exclusive=True, group="read", exit_on_error=False)
    async def _read(self, keep: str | None) -> None:
        """Read every card again, off the event loop."""
        wanted = self.query_one("#filter", Input).value
        entries = await asyncio.to_thread(library.search, wanted)
        self._entries = {entry.name: entry for entry in entries}
        self._rows = [
            (entry.name, vector_row(entry, fit_badge(entry.card, self._shape))) for entry in entries
        ]
        self._show(keep)
        if not entries:
            self._check.set_vector("")
            self.query_one("#page", Static).update(Text("no vector matches these words"))

    def _show(self, keep: str | None) -> None:
        """Rebuild the table with fixed column widths: otherwise it would draw new rows before measuring
        them.
        """
        self._table.clear(columns=True)
        shown = column_widths([cells for _, cells in self._rows], self.size.width - FRAME)
        for at, width in shown.items():
            self._table.add_column(COLUMNS[at], key=COLUMNS[at], width=width)
        for key, cells in self._rows:
            self._table.add_row(*(cells[at] for at in shown), key=key)
        if keep in self._entries:
            self._table.move_cursor(row=self._table.get_row_index(str(keep)))

    def on_resize(self) -> None:
        """Show more or fewer columns."""
        if self._rows and self._table.row_count:
            self._show(self._chosen.name)

    def _check_model(self) -> None:
        """Update the badges when another model has been loaded."""
        shape = shape_of(self._link.state.model)
        if shape != self._shape:
            self._shape = shape
            self.reload(self._chosen.name if self._table.row_count else None)

    # Showing a card --------------------------------------------------------------------------------------------

    @on(DataTable.RowHighlighted)
    def _highlighted(self, event: DataTable.RowHighlighted) -> None:
        # Messages of the table before a rebuild may arrive late, for a row that the cursor has left.
        if event.row_key.value in self._entries and event.cursor_row == self._table.cursor_row:
            self._cursor_callback(event.row_key.value)
            self._check.set_vector(event.row_key.value)
            self.show_card(self._entries[event.row_key.value])

    @work(exclusive=True, group="card", exit_on_error=False)
    async def show_card(self, entry: LibraryEntry) -> None:
        alike = await asyncio.to_thread(desk_cosines, entry, self._loaded)
        text = render_card(entry, alike, fit_warnings(entry.card, self._shape), self.app.get_css_variables())
        self.query_one("#page", Static).update(text)

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self.reload()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self._table.focus()

    # Actions ---------------------------------------------------------------------------------------------------

    @on(DataTable.RowSelected)
    def _return_selected(self) -> None:
        """Return the vector if it fits the model; otherwise show the reason."""
        chosen = self._chosen
        if chosen.problem:
            self.warn(chosen.problem)
        elif reason := refusal_reason(chosen.card, self._shape):
            self.warn(f"{chosen.name}: {reason}")
        else:
            self.dismiss(chosen.name)

    def action_back(self) -> None:
        """Leave the filter, stop a running check, or leave the screen."""
        if not self._table.has_focus:
            self._table.focus()
        elif not self._check.stop():
            self.dismiss(None)

    def action_filter(self) -> None:
        self.query_one("#filter", Input).focus()

    def action_check(self) -> None:
        """Start the check of the selected vector, or stop it."""

        def check() -> None:
            self._check.set_vector(self._chosen.name)
            self._check.toggle()

        self._attempt(check)

    def action_rename(self) -> None:
        self._open_question(
            "new name of {}",
            "enter renames it · esc cancels",
            lambda entry: entry.name,
            self._renamed,
        )

    def action_note(self) -> None:
        self._open_question(
            "note on {}", "enter saves it · esc cancels", lambda entry: entry.note, self._noted
        )

    def action_remove(self) -> None:
        """Move the vector to the trash; the cursor keeps its row."""

        def remove() -> None:
            name, here = self._chosen.name, self._table.cursor_row
            self._bin.move_to_trash(name)
            # The vector below moves up into the free row.
            names = [key for key in self._entries if key != name]
            self.reload(names[min(here, len(names) - 1)] if names else None)

        self._attempt(remove)

    def action_undo(self) -> None:
        self._attempt(self._bin.undo)

    def action_trash(self) -> None:
        self._attempt(self._bin.open_trash_dialog)

    def action_import_file(self) -> None:
        self.app.push_screen(ImportDialog(self._shape), self._imported)

    def _imported(self, name: str | None) -> None:
        if name is not None:
            self.notify(safe_text(f"saved as {name}"), markup=False)
            self.reload(name)

    def _open_question(
        self, title: str, hint: str, now: Callable[[LibraryEntry], str], read: Callable[[str, str], str]
    ) -> None:
        """Ask one question about the selected vector."""

        def ask() -> None:
            entry = self._chosen
            title_of = title.format(entry.name)
            asked = InputDialog(title_of, lambda text: read(entry.name, text.strip()), now(entry), hint)
            self.app.push_screen(asked, self.reload)

        self._attempt(ask)

    @staticmethod
    def _renamed(old: str, new: str) -> str:
        library.rename(old, new)
        return new

    @staticmethod
    def _noted(name: str, text: str) -> str:
        library.write_note(name, text)
        return name

    def _attempt(self, act: Callable[[], None]) -> None:
        """Run an action and show its error as a notice."""
        try:
            act()
        except SteerError as error:
            self.warn(str(error))
