"""One parameter in a form: its name, an input line, its help text, and an error message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from sessions.job_specs.offer import JobParam
from steertui.text import safe_text
from steertui.widgets.line import SafeInput


class Field(Vertical):
    """`touched`: the user has edited the line; from then on its errors are shown."""

    @dataclass
    class Changed(Message):
        """The text of the line has changed."""

        field: Field

    def __init__(self, param: JobParam, given: Mapping[str, Any]) -> None:
        super().__init__()
        self.param, self.touched = param, param.name in given
        self._start = safe_text(param.text(given.get(param.name, param.default)))
        self._line = SafeInput(self._start, param.kind.steps)

    def compose(self) -> ComposeResult:
        mark = "*" if self.param.required else ""
        yield Static(Text(safe_text(self.param.name.replace("_", " ")) + mark), classes="name")
        yield self._line
        yield Static(Text(self._help()), classes="help")
        yield Static(classes="wrong")

    def _help(self) -> str:
        steps = self.param.kind.steps
        how = (
            f"  (← → {' '.join(filter(None, steps))})"
            if steps
            else "  (ctrl+l: list)"
            if self.param.kind.has_names
            else ""
        )
        return safe_text(self.param.help) + how

    @property
    def text(self) -> str:
        return self._line.value

    def propose(self, text: str) -> None:
        """Fill in a suggested value without marking the field as touched."""
        self._start = text
        self._line.value = text

    def set_text(self, text: str) -> None:
        self._line.value = text

    def focus_line(self) -> None:
        self._line.focus()

    def suggest(self, names: Sequence[str]) -> None:
        """Complete known names while the user types; → accepts."""
        self._line.suggester = SuggestFromList(names)

    def show_problem(self, sentence: str) -> None:
        """Show an error under the line; an empty sentence removes it."""
        self.set_class(bool(sentence), "-wrong")
        self.query_one(".wrong", Static).update(Text(safe_text(sentence)))

    def on_input_changed(self, event: Input.Changed) -> None:
        # The form gets `Changed` instead, which holds the field.
        event.stop()
        # A proposal sets `_start` as well, so it does not count as an edit by the user.
        self.touched = self.touched or self.text != self._start
        self.post_message(self.Changed(self))
