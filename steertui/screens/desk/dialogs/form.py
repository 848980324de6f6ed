"""A form with several inputs, one line each, checked together on enter; it stays open until all are valid.

For settings of a strip or an answer. A job's form (`screens.jobs.form`) is built from a job spec and
also checks files and models while the user types.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from core.errors import SteerError
from steertui.text import safe_text
from steertui.widgets.cover import Cover
from steertui.widgets.field_scroll import FieldScroll
from steertui.widgets.line import SafeInput

KEYS = "↑ ↓ move · enter takes all · esc leaves it as it was"


@dataclass(frozen=True)
class FormQuestion:
    """One input line: `read` converts its text or raises a sentence that says why not.

    With `choices`, ← → and space step through them.
    """

    name: str
    label: str
    value: str
    help: str
    read: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()


class FormAnswer(SafeInput):
    """The input line of a question."""

    def __init__(self, question: FormQuestion) -> None:
        super().__init__(question.value, question.choices, id=f"field-{question.name}")
        self.question = question


class DeskForm(ModalScreen[dict[str, Any] | None]):
    """Returns all values by name, or None after esc."""

    CSS_PATH = "form.tcss"
    BINDINGS = [
        ("escape", "dismiss(None)", "cancel"),
        ("down", "app.focus_next", "next"),
        ("up", "app.focus_previous", "previous"),
    ]

    def __init__(self, title: str, questions: Sequence[FormQuestion]) -> None:
        super().__init__()
        self._title, self._questions = safe_text(title), questions
        self._trouble = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -wide") as box:
            box.border_title = Text(self._title)
            box.border_subtitle = KEYS
            with FieldScroll(id="fields", can_focus=False):
                for question in self._questions:
                    with Horizontal(classes="field"):
                        yield Static(Text(question.label), classes="label")
                        yield FormAnswer(question)
            yield Static(id="said")
        yield Cover()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, FormAnswer):
            self._show_help(event.widget)

    def on_input_submitted(self) -> None:
        values: dict[str, Any] = {}
        for line in self.query(FormAnswer):
            try:
                values[line.question.name] = line.question.read(line.value)
            except SteerError as error:
                self._refuse(line, str(error))
                return
        self.dismiss(values)

    def _refuse(self, line: FormAnswer, why: str) -> None:
        """Focus the invalid line and show the reason instead of its help."""
        self._trouble = f"{line.question.label}: {why}"
        # Focusing a line that has the focus sends no event, so its message is shown here.
        if line.has_focus:
            self._show_help(line)
        line.focus()

    def _show_help(self, line: FormAnswer) -> None:
        said = self.query_one("#said", Static)
        said.set_class(bool(self._trouble), "-wrong")
        said.update(Text(safe_text(self._trouble or line.question.help)))
        # Shown once; the next change of focus brings the help back.
        self._trouble = ""
