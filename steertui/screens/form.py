"""Several questions at once: a line for each, checked together on enter, and kept open until all can be meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from core.errors import SteerError
from steertui.text import safe_text
from steertui.widgets.line import Line

KEYS = "↑ ↓ move · enter takes all · esc leaves it as it was"


@dataclass(frozen=True)
class Field:
    """One line: `read` makes a value of its text or raises the sentence that says why not.

    Where there are `choices`, ← → and space step through them.
    """

    name: str
    label: str
    value: str
    help: str
    read: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()


class Answer(Line):
    """The line of a field."""

    def __init__(self, field: Field) -> None:
        super().__init__(field.value, field.choices, id=f"field-{field.name}")
        self.field = field


class Form(ModalScreen[dict[str, Any] | None]):
    """Gives back every field's value by name, or None after esc."""

    CSS_PATH = "form.tcss"
    BINDINGS = [
        ("escape", "dismiss(None)", "cancel"),
        ("down", "app.focus_next", "next"),
        ("up", "app.focus_previous", "previous"),
    ]

    def __init__(self, title: str, fields: Sequence[Field]) -> None:
        super().__init__()
        self._title, self._fields = safe_text(title), fields
        self._trouble = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -wide") as box:
            box.border_title = Text(self._title)
            box.border_subtitle = KEYS
            with VerticalScroll(id="fields", can_focus=False):
                for field in self._fields:
                    with Horizontal(classes="field"):
                        yield Static(Text(field.label), classes="label")
                        yield Answer(field)
            yield Static(id="said")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, Answer):
            self._tell(event.widget)

    def on_input_submitted(self) -> None:
        values: dict[str, Any] = {}
        for line in self.query(Answer):
            try:
                values[line.field.name] = line.field.read(line.value)
            except SteerError as error:
                self._refuse(line, str(error))
                return
        self.dismiss(values)

    def _refuse(self, line: Answer, why: str) -> None:
        """The cursor goes to the line that cannot be meant, and the reason stands where its help stood."""
        self._trouble = f"{line.field.label}: {why}"
        if line.has_focus:
            self._tell(line)
        line.focus()

    def _tell(self, line: Answer) -> None:
        said = self.query_one("#said", Static)
        said.set_class(bool(self._trouble), "-wrong")
        said.update(Text(safe_text(self._trouble or line.field.help)))
        self._trouble = ""
