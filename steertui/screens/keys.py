"""The help screen (F1): the guide's page for the current screen, and its keys with the user's keymap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from steertui import guide
from steertui.commands import COMMANDS, EVERYWHERE, Command
from steertui.guide.mouse import OTHER_KEYS
from steertui.widgets.cover import Cover


class HelpScreen(ModalScreen[None]):
    """Shows the keys of `places` and the guide page `topic`. Esc, q, F1 or ? closes it."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = [("escape,q,f1,question_mark", "dismiss(None)", "close")]

    def __init__(self, keymap: Mapping[str, str], places: tuple[str, ...] = (), topic: str = "") -> None:
        super().__init__()
        self._keymap, self._places, self._topic = keymap, places, topic

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog -wide -page") as box:
            box.border_title = f"help · {self._topic}" if self._topic else "help"
            box.border_subtitle = "esc closes · ctrl+p runs any of these by name"
            colours = self.app.get_css_variables()
            yield Static(Group(*self._words(), _key_table(self._keymap, self._places, colours["accent"])))
        yield Cover()

    def _words(self) -> Iterator[RenderableType]:
        if self._topic:
            yield Markdown(guide.guide_page(self._topic), hyperlinks=False)
            yield Text()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()


def _key_table(keymap: Mapping[str, str], places: tuple[str, ...], key_colour: str) -> Table:
    """The keys of these places and of their widgets; all keys if no place is given."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style=key_colour, no_wrap=True)
    table.add_column(ratio=1)
    shown = (*places, EVERYWHERE) if places else tuple(dict.fromkeys(each.where for each in COMMANDS))
    # Sorting is stable: within a place the commands keep their order, which `groupby` relies on.
    ordered = sorted(COMMANDS, key=lambda each: shown.index(each.where) if each.where in shown else -1)
    kept = [each for each in ordered if each.where in shown]
    sections = [(name, [*rows]) for name, (where, rows) in OTHER_KEYS.items() if where in shown]
    for name, group in groupby(kept, key=lambda command: command.group):
        sections.append((name, [(key_names(command, keymap), command.title) for command in group]))
    for name, rows in sections:
        table.add_row(Text(f"\n{name}", style="bold"), "")
        for pressed, title in rows:
            table.add_row(Text(pressed), Text(title))
    return table


def key_names(command: Command, keymap: Mapping[str, str]) -> str:
    """The keys of a command in the user's keymap, or "palette only"."""
    return keymap.get(command.id) or command.shown or "palette only"
