"""The key map, drawn from the commands themselves, with what the user's own keymap made of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from steertui.commands import COMMANDS, Command

INTRO = (
    "Two modes, shown beside the state: in TYPE the keys write, in PLAY single keys move the dials. "
    "PLAY comes by itself while an answer is being written and the prompt is empty; tab, esc and i change it by hand."
)
PROMPT_KEYS = (
    ("enter", "Send"),
    ("ctrl+j", "New line"),
    ("↑ ↓", "Earlier and later prompts; the examples come first"),
    ("tab", "Next panel: transcript and bank are PLAY"),
)
TRANSCRIPT_KEYS = (
    ("↑ ↓ PgUp PgDn", "Scroll; at the end it follows again"),
    ("mouse", "Drag selects, ctrl+c copies"),
)
STRIP_KEYS = (("1 – 9", "Select a strip"),)


class Keys(ModalScreen[None]):
    """Any of esc, q, F1, ? closes it."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = [("escape,q,f1,question_mark", "dismiss(None)", "close")]

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog -wide") as box:
            box.border_title = "keys"
            box.border_subtitle = "esc closes · ctrl+p runs any of these by name"
            yield Static(Group(Text(INTRO), Text(), _table(self._keymap)))

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()


def _table(keymap: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(ratio=1)
    extra = {"answer": TRANSCRIPT_KEYS, "strip": STRIP_KEYS, "modes": PROMPT_KEYS}
    for group, commands in groupby(COMMANDS, key=lambda command: command.group):
        table.add_row(Text(f"\n{group}", style="italic underline"), "")
        for keys, title in extra.get(group, ()):
            table.add_row(Text(keys), Text(title))
        for command in commands:
            table.add_row(Text(_keys(command, keymap)), Text(command.title))
    return table


def _keys(command: Command, keymap: Mapping[str, str]) -> str:
    return keymap.get(command.id) or command.shown or "ctrl+p"
