"""One parameter in a form: its name, a line to write it in, what it is for, and what is wrong with it in place."""

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

from sessions.offers.offer import Param
from steertui.screens.jobs import choosing
from steertui.screens.jobs.entry import written
from steertui.text import safe_text
from steertui.widgets.line import Line


class Field(Vertical):
    """`touched`: somebody has said what it is; from then on it is told when it is wrong."""

    @dataclass
    class Changed(Message):
        """Something else stands in the line."""

        field: Field

    def __init__(self, param: Param, given: Mapping[str, Any]) -> None:
        super().__init__()
        self.param, self.touched = param, param.name in given
        self._start = safe_text(written(param, given.get(param.name, param.default)))
        self._line = Line(self._start, choosing.words(param))

    def compose(self) -> ComposeResult:
        mark = "*" if self.param.required else ""
        yield Static(Text(safe_text(self.param.name.replace("_", " ")) + mark), classes="name")
        yield self._line
        yield Static(Text(self._help()), classes="help")
        yield Static(classes="wrong")

    def _help(self) -> str:
        steps = choosing.words(self.param)
        how = (
            f"  (← → {' '.join(filter(None, steps))})"
            if steps
            else "  (ctrl+l: list)"
            if choosing.listed(self.param)
            else ""
        )
        return safe_text(self.param.help) + how

    @property
    def text(self) -> str:
        return self._line.value

    def propose(self, text: str) -> None:
        """A value nobody typed: it changes nothing about who touched the line."""
        self._start = text
        self._line.value = text

    def fill(self, text: str) -> None:
        self._line.value = text

    def take(self) -> None:
        self._line.focus()

    def suggest(self, names: Sequence[str]) -> None:
        """Known names are completed while one types; → takes the rest."""
        self._line.suggester = SuggestFromList(names)

    def say(self, sentence: str) -> None:
        """What is wrong, in place; nothing when all is well."""
        self.set_class(bool(sentence), "-wrong")
        self.query_one(".wrong", Static).update(Text(safe_text(sentence)))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.touched = self.touched or self.text != self._start
        self.post_message(self.Changed(self))
