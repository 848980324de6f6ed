"""The import dialog: shows the card and all warnings of a file before it is added to the library."""

from __future__ import annotations

import argparse
import asyncio
import re
import shlex
from pathlib import Path

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from core.errors import SteerError, UsageError
from core.files import expand_home
from steertui.screens.library.card_page import render_card
from steertui.screens.library.compatibility import fit_warnings
from steertui.text import safe_text
from steertui.vector_args import add_reading_options, read_vector
from steertui.widgets.line import SafeInput
from vectors.data.model_shape import ModelShape
from vectors.library import library
from vectors.library.library import LibraryEntry
from vectors.vector import SteeringVector

PATH = "the path of a file of any known format · enter reads it · esc back"
PLACEHOLDER = "file, then any of --shift --layers --part --minus --model"
NAME = "enter saves it under this name · pgdn scrolls the card · esc another file"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


class ImportDialog(ModalScreen[str | None]):
    """Returns the name of the imported vector, or None after esc."""

    CSS_PATH = ["../dialogs.tcss", "library.tcss"]
    BINDINGS = [
        ("escape", "back", "back"),
        ("pagedown", "read_on(1)", "read on"),
        ("pageup", "read_on(-1)", "read back"),
    ]

    def __init__(self, shape: ModelShape | None) -> None:
        super().__init__()
        self._shape = shape
        self._vector: SteeringVector | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -wide") as box:
            box.border_title = "import a vector file"
            yield SafeInput(placeholder=PLACEHOLDER, select_on_focus=False, id="path")
            with VerticalScroll(id="offered", can_focus=False):
                yield Static(id="facts")
            yield SafeInput(id="name")
            yield Static(Text(PATH), id="said")

    @on(Input.Submitted, "#path")
    def _path_submitted(self, event: Input.Submitted) -> None:
        self._read(event.value)

    @on(Input.Changed, "#path")
    def _path_changed(self) -> None:
        """The path has changed: hide the card of the file read before."""
        self._show_card(None)

    @on(Input.Submitted, "#name")
    def _name_submitted(self, event: Input.Submitted) -> None:
        if self._vector is not None:
            self._keep(self._vector, event.value.strip())

    def action_read_on(self, change: int) -> None:
        """Scroll the card while the name line has the focus."""
        card = self.query_one("#offered")
        card.scroll_relative(y=change * card.size.height, animate=False)

    def action_back(self) -> None:
        """Go back to the path line, or leave."""
        if self._vector is None:
            self.dismiss(None)
        else:
            self._show_card(None)

    @work(exclusive=True, exit_on_error=False)
    async def _read(self, text: str) -> None:
        """Read the file off the event loop, since it may be large."""
        self._show_message("reading …")
        try:
            # `exclusive` drops the result of a path that was entered before.
            self._show_card(await asyncio.to_thread(read_vector_line, text))
        except SteerError as error:
            self._show_message(str(error), wrong=True)
        except OSError as error:
            self._show_message(f"cannot read the file: {(error.strerror or str(error)).lower()}", wrong=True)

    @work(exclusive=True, exit_on_error=False)
    async def _keep(self, vector: SteeringVector, name: str) -> None:
        try:
            place = await asyncio.to_thread(_save_vector, vector, name)
        except SteerError as error:
            self._show_message(str(error), wrong=True)
            return
        self.dismiss(place.stem)

    def _show_card(self, vector: SteeringVector | None) -> None:
        """Show the card and a proposed name; with None, show the path line again."""
        self._vector = vector
        self.set_class(vector is not None, "-offered")
        self._show_message(PATH if vector is None else NAME)
        if vector is None:
            self.query_one("#path").focus()
            return
        card = vector.card
        name = self.query_one("#name", Input)
        name.value = _NOT_IN_NAMES.sub("-", card.name).strip("-.")
        entry = LibraryEntry(card.name, Path(card.file), card)
        facts = render_card(entry, {}, fit_warnings(card, self._shape), self.app.get_css_variables())
        self.query_one("#facts", Static).update(facts)
        name.focus()

    def _show_message(self, text: str, *, wrong: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.set_class(wrong, "-wrong")
        said.update(Text(safe_text(text)))


def _save_vector(vector: SteeringVector, name: str) -> Path:
    """Add the vector to the library under an unused name."""
    name = library.require_valid_name(name)
    if name in library.vector_paths():
        raise UsageError(f"the library already has a vector {name!r}: choose another name")
    return library.add_to_library(vector, name)


def read_vector_line(text: str) -> SteeringVector:
    """Read the vector from a path, or from a path followed by options of `steertui library add`."""
    whole = expand_home(text.strip())
    # A path with spaces in it is taken whole; any other text is split into a path and options.
    words = [str(whole)] if whole.is_file() else _split_words(text)
    parser = _OptionParser(add_help=False, prog="import")
    parser.add_argument("file")
    add_reading_options(parser)
    chosen = parser.parse_args(words)
    return read_vector(str(expand_home(chosen.file)), chosen, allow_undecided=True)


def _split_words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise UsageError("a quotation mark is not closed") from None


class _OptionParser(argparse.ArgumentParser):
    """Reports a wrong option as one sentence instead of exiting."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(
            f"{message}; the line is a file, then --shift N, --layers A-B, --part ID, --minus FILE"
        )
