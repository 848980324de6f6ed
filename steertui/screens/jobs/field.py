"""One parameter in a form: its name, a line to write it in, what it is for, and what is wrong with it in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from sessions.offers.offer import Param
from steertui.screens.jobs import choosing
from steertui.screens.jobs.entry import written
from steertui.text import safe_text


class Line(Input):
    """Where there are a few words to choose from, the arrows and space step through them."""

    def __init__(self, value: str, steps: Sequence[str]) -> None:
        super().__init__(value, select_on_focus=not steps)
        self._steps = steps

    async def on_key(self, event: events.Key) -> None:
        if self._steps and event.key in ("left", "right", "space"):
            event.prevent_default()
            event.stop()
            change = -1 if event.key == "left" else 1
            here = self._steps.index(self.value) if self.value in self._steps else -change
            self.value = self._steps[(here + change) % len(self._steps)]


class Field(Vertical):
    """`touched`: from then on it is told when it is wrong."""

    @dataclass
    class Changed(Message):
        """Something else stands in the line."""

        field: Field

    def __init__(self, param: Param, value: Any) -> None:
        super().__init__()
        self.param, self.touched = param, False
        self._start = safe_text(written(param, value))
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
            f"  (← → {' '.join(steps)})"
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
