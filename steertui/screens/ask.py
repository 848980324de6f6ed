"""A dialog with one input line; it stays open until the input is valid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from core.errors import SteerError
from steertui.text import safe_text
from steertui.widgets.line import SafeInput

T = TypeVar("T")


class InputDialog(ModalScreen[T | None], Generic[T]):
    """Returns the text converted by `read`, or None after esc."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = [("escape", "dismiss(None)", "cancel")]

    def __init__(self, title: str, read: Callable[[str], T], value: str = "", hint: str = "") -> None:
        super().__init__()
        self._title, self._read, self._value, self._hint = safe_text(title), read, safe_text(value), hint

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Text(self._title)
            yield SafeInput(self._value)
            yield Static(Text(self._hint), id="said")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        try:
            answer = self._read(event.value)
        except SteerError as error:
            said = self.query_one("#said", Static)
            said.add_class("-wrong")
            said.update(Text(safe_text(str(error))))
            return
        self.dismiss(answer)
