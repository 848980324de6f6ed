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
OTHER_KEYS = {
    "prompt": (
        ("enter", "Send"),
        ("ctrl+j", "New line"),
        ("↑ ↓", "Earlier and later prompts; the examples come first"),
        ("tab", "To the transcript, the bank and back (outside the prompt the keys PLAY)"),
    ),
    "transcript": (
        ("↑ ↓ PgUp PgDn", "Scroll; at the end it follows again"),
        ("mouse", "Drag selects, ctrl+c copies"),
    ),
    "strips": (
        ("1 – 9", "Select a strip"),
        ("mouse", "Click selects, drag on the bar and wheel turn the dial"),
    ),
}
"""Keys that belong to a widget and not to the desk."""


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
            yield Static(
                Group(Text(INTRO), Text(), _table(self._keymap, self.app.get_css_variables()["accent"]))
            )

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()


def _table(keymap: Mapping[str, str], key_colour: str) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style=key_colour, no_wrap=True)
    table.add_column(ratio=1)
    sections = [(name, [*rows]) for name, rows in OTHER_KEYS.items()]
    for name, group in groupby(COMMANDS, key=lambda command: command.group):
        sections.append((name, [(_keys(command, keymap), command.title) for command in group]))
    for name, rows in sections:
        table.add_row(Text(f"\n{name}", style="bold"), "")
        for keys, title in rows:
            table.add_row(Text(keys), Text(title))
    return table


def _keys(command: Command, keymap: Mapping[str, str]) -> str:
    return keymap.get(command.id) or command.shown or "ctrl+p"
