"""The library: a table of all vectors, the card of the one under the cursor, and one key for each thing done to it.

It is left with the name of a vector to put on the desk, or with nothing.
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
from core.levels import spell
from steertui import commands
from steertui.screens.ask import Ask
from steertui.screens.desk.link import Link
from steertui.screens.library.check import Check
from steertui.screens.library.page import page
from steertui.text import safe_text
from steertui.widgets.hints import Hints
from steertui.widgets.line import Line
from vectors import compare, library, reading
from vectors.library import Entry

COLUMNS = ("name", "model", "layers", "width", "method", "kept as")


class Library(Screen[str | None]):
    """F4. `loaded` are the vectors on the desk, to compare with; `link` leads to the engine that checks one."""

    CSS_PATH = "library.tcss"
    AUTO_FOCUS = "#vectors"
    BINDINGS = [*commands.bindings(commands.LIBRARY)]
    PLACES = (commands.LIBRARY,)
    TOPIC = "library"

    def __init__(self, link: Link, loaded: Sequence[str]) -> None:
        super().__init__()
        self._loaded = loaded
        self._check = Check(link)
        self._entries: dict[str, Entry] = {}

    def compose(self) -> ComposeResult:
        yield Line(placeholder="filter: name, note, model, method", id="filter")
        yield DataTable(id="vectors", cursor_type="row", zebra_stripes=False)
        with VerticalScroll(id="card", can_focus=False):
            yield self._check
            yield Static(id="page")
        yield Hints()

    def on_mount(self) -> None:
        self._table.border_title = "library"
        self.query_one("#card").border_title = "card"
        for column in COLUMNS:
            self._table.add_column(column, key=column)
        self.query_one(Hints).show(commands.screen_hints(commands.LIBRARY, "load"))
        self.read()

    @property
    def _table(self) -> DataTable[Text]:
        return self.query_one(DataTable)

    @property
    def _chosen(self) -> Entry:
        if not self._table.row_count:
            raise UsageError("there is no vector here: o imports a file")
        key = self._table.coordinate_to_cell_key(self._table.cursor_coordinate).row_key
        return self._entries[str(key.value)]

    def read(self, keep: str | None = None) -> None:
        """Show what there is now, with the cursor on `keep`."""
        self._read(keep)

    @work(exclusive=True, group="read", exit_on_error=False)
    async def _read(self, keep: str | None) -> None:
        """Every card anew, off the loop: a folder may hold large files."""
        wanted = self.query_one("#filter", Input).value
        entries = await asyncio.to_thread(library.search, wanted)
        self._entries = {entry.name: entry for entry in entries}
        self._table.clear()
        for entry in entries:
            self._table.add_row(*_row(entry), key=entry.name)
        if keep in self._entries:
            self._table.move_cursor(row=self._table.get_row_index(str(keep)))
        if not entries:
            self._check.of("")
            self.query_one("#page", Static).update(Text("nothing here has these words"))

    # What is shown ---------------------------------------------------------------------------------------------

    @on(DataTable.RowHighlighted)
    def _highlighted(self, event: DataTable.RowHighlighted) -> None:
        if event.row_key.value in self._entries:
            self._check.of(event.row_key.value)
            self.show_card(self._entries[event.row_key.value])

    @work(exclusive=True, group="card", exit_on_error=False)
    async def show_card(self, entry: Entry) -> None:
        cosines = await asyncio.to_thread(_cosines, entry, self._loaded)
        text = page(entry, cosines, self.app.get_css_variables())
        self.query_one("#page", Static).update(text)

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        self.read()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self._table.focus()

    # What is done ----------------------------------------------------------------------------------------------

    @on(DataTable.RowSelected)
    def _taken(self) -> None:
        if self._chosen.card is None:
            self._warn(self._chosen.problem)
        else:
            self.dismiss(self._chosen.name)

    def action_back(self) -> None:
        """First out of the filter, then the check that runs, then out of the library."""
        if not self._table.has_focus:
            self._table.focus()
        elif not self._check.stop():
            self.dismiss(None)

    def action_filter(self) -> None:
        self.query_one("#filter", Input).focus()

    def action_check(self) -> None:
        """Begin the check of the vector under the cursor, or stop it."""
        try:
            self._check.of(self._chosen.name)
        except SteerError as error:
            self._warn(str(error))
            return
        self._check.toggle()

    def action_rename(self) -> None:
        self._ask("new name of {}", lambda entry: entry.name, self._renamed)

    def action_note(self) -> None:
        self._ask("note on {}", lambda entry: entry.note, self._noted)

    def action_remove(self) -> None:
        try:
            place = library.remove(self._chosen.name)
        except SteerError as error:
            self._warn(str(error))
            return
        self.notify(safe_text(f"moved to {place}"), markup=False)
        self.read()

    def action_import_file(self) -> None:
        self.app.push_screen(
            Ask("import a vector file", _imported, hint="a path; any format we know"), self.read
        )

    def _ask(self, title: str, now: Callable[[Entry], str], read: Callable[[str, str], str]) -> None:
        """One question about the vector under the cursor."""
        try:
            entry = self._chosen
        except SteerError as error:
            self._warn(str(error))
            return
        asked = Ask(title.format(entry.name), lambda text: read(entry.name, text.strip()), now(entry))
        self.app.push_screen(asked, self.read)

    @staticmethod
    def _renamed(old: str, new: str) -> str:
        library.rename(old, new)
        return new

    @staticmethod
    def _noted(name: str, text: str) -> str:
        library.note(name, text)
        return name

    def _warn(self, sentence: str) -> None:
        self.notify(safe_text(sentence), severity="error", markup=False, timeout=8)


def _imported(text: str) -> str:
    stored = reading.read_stored(text.strip())
    return library.add(stored).name.removesuffix(library.SUFFIX)


def _row(entry: Entry) -> list[Text]:
    """Text and never str: the table would read markup."""
    card = entry.card
    kept = "starter" if entry.starter else entry.path.name
    if card is None:
        return [Text(safe_text(word)) for word in (entry.name, "⚠ cannot be read", "", "", "", kept)]
    about = card.about
    words = (entry.name, about.model_id, spell(card.layers), str(card.hidden_size), about.method, kept)
    return [Text(safe_text(word)) for word in words]


def _cosines(entry: Entry, loaded: Sequence[str]) -> dict[str, float]:
    """Mean cosine over shared layers with each vector on the desk; what cannot be compared is left out."""
    found: dict[str, float] = {}
    for name in loaded:
        if name == entry.name or entry.card is None:
            continue
        try:
            mean = compare.cosines(library.load(entry.name, entry.path), library.load(name)).mean
        except SteerError:
            continue
        if mean is not None:
            found[name] = mean
    return found
