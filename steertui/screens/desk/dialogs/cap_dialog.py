"""The dialog for the cap of a strip: type bounds or choose a preset, with its meaning in numbers."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from core.errors import SteerError
from core.mixer.cap_bounds import EXAMPLE, parse_bounds
from steertui.screens.desk.mixer import caps
from steertui.screens.desk.mixer.edits import MixerBoard
from steertui.screens.pick import move_cursor
from steertui.text import safe_text
from steertui.widgets.choices import Choice, choice_options
from steertui.widgets.mixer.dial import cap_text

CAP_KEYS = "c switches it off and on, C edits it"
TYPE = f"type bounds of the projection: {EXAMPLE}\n↑ ↓ preset · enter take · esc back"


class CapDialog(ModalScreen[caps.CapRequest | None]):
    """Returns a valid cap, or None after esc."""

    CSS_PATH = "../../dialogs.tcss"
    BINDINGS = [
        ("escape", "dismiss(None)", "cancel"),
        ("down", "move(1)", "next"),
        ("up", "move(-1)", "previous"),
    ]

    def __init__(self, board: MixerBoard) -> None:
        super().__init__()
        self._board, self._channel = board, board.channel
        now = cap_text(self._channel)
        # A cap that cannot be typed is shown in the help line instead.
        self._typed = now if _is_typable(now) else ""
        self._help = TYPE if self._typed == now else f"it is capped at {now}\n{TYPE}"

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -wide") as box:
            box.border_title = Text(safe_text(f"cap of {self._channel.label}"))
            box.border_subtitle = f"afterwards {CAP_KEYS}"
            yield Input(self._typed, placeholder=EXAMPLE, select_on_focus=True)
            yield OptionList(
                *choice_options([Choice(name, name, self._meaning(name)) for name in caps.PRESETS])
            )
            yield Static(Text(safe_text(self._help, multiline=True)), id="said")

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = None

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the typed cap in numbers, or how to write one."""
        # Typing replaces a chosen preset: enter takes what was touched last.
        self.query_one(OptionList).highlighted = None
        self._show_line(self._meaning(event.value) if event.value.strip() else self._help, wrong=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        options = self.query_one(OptionList)
        here = options.highlighted
        self._submit(event.value if here is None else str(options.get_option_at_index(here).id))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._submit(str(event.option.id))

    def action_move(self, change: int) -> None:
        move_cursor(self.query_one(OptionList), change)

    def _submit(self, text: str) -> None:
        try:
            wish = caps.parse_cap(self._board, text)
            # Tried here, because some errors only show when the cap is applied to the strip.
            caps.apply_cap(self._board, wish)
        except SteerError as error:
            self._show_line(str(error), wrong=True)
            return
        self.dismiss(wish)

    def _meaning(self, text: str) -> str:
        try:
            return caps.cap_meaning(self._board, caps.parse_cap(self._board, text))
        except SteerError as error:
            return str(error)

    def _show_line(self, text: str, *, wrong: bool) -> None:
        said = self.query_one("#said", Static)
        said.set_class(wrong, "-wrong")
        said.update(Text(safe_text(text, multiline=True)))


def _is_typable(text: str) -> bool:
    """Whether a cap can be typed as it is shown; one per layer, or a mirrored percentile, cannot."""
    try:
        parse_bounds(text)
    except SteerError:
        return False
    return True
