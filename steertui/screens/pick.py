"""A dialog with a list of choices, and a filter line above it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from steertui.text import safe_text
from steertui.widgets.choices import Choice, choice_options, filter_choices
from steertui.widgets.line import SafeInput


class ChoiceDialog(ModalScreen[str | None]):
    """Returns the key of a choice, or None after esc. With `free`, the typed text is returned when nothing
    matches; with `tells`, the full detail of the selected choice is shown below the list.
    """

    CSS_PATH = "dialogs.tcss"
    BINDINGS = [
        ("escape", "dismiss(None)", "cancel"),
        ("down", "move(1)", "next"),
        ("up", "move(-1)", "previous"),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        filtered: bool = True,
        free: str = "",
        hint: str = "",
        wide: bool = False,
        tells: bool = False,
    ) -> None:
        super().__init__()
        self._title, self._choices, self._filtered = safe_text(title), choices, filtered
        self._free, self._hint, self._wide, self._tells = free, hint, wide, tells

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -wide" if self._wide else "dialog") as box:
            box.border_title = Text(self._title)
            if self._filtered:
                yield SafeInput(placeholder=self._free or "type to filter")
            yield OptionList(*choice_options(self._choices))
            if self._tells:
                yield Static(id="whole")
            hint = Text(self._hint or "↑ ↓ choose · enter take · esc back")
            yield Static(hint, id="said", classes="-below" if self._tells else "")

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0 if self._choices else None
        if not self._filtered:
            self.query_one(OptionList).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        kept = self.matching_choices(event.value)
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options(choice_options(kept))
        found.highlighted = 0 if kept else None

    def matching_choices(self, text: str) -> list[Choice]:
        """The choices that contain every typed word, matches in the name first."""
        return filter_choices(self._choices, text)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            self.dismiss(options.get_option_at_index(options.highlighted).id)
        elif self._free and event.value.strip():
            self.dismiss(event.value.strip())

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if self._tells:
            detail = next((c.detail for c in self._choices if c.key == event.option.id), "")
            self.query_one("#whole", Static).update(Text(safe_text(detail)))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    @property
    def selected_key(self) -> str | None:
        """The key of the choice under the cursor."""
        options = self.query_one(OptionList)
        here = options.highlighted
        return None if here is None else options.get_option_at_index(here).id

    def action_move(self, change: int) -> None:
        move_cursor(self.query_one(OptionList), change)


def move_cursor(options: OptionList, change: int) -> None:
    """Move the cursor of a list while the focus stays in the input line above it."""
    if change > 0:
        options.action_cursor_down()
    else:
        options.action_cursor_up()
