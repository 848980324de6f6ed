"""Rows to choose from: the data of a row, its look in a list, and the filter by typed words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text
from textual.widgets.option_list import Option

from steertui.text import safe_text

LONGEST_NAME = 36
"""Maximum width of the name column in cells; if names are longer and details short, names get the rest."""
SHORT_DETAIL = 22


@dataclass(frozen=True)
class Choice:
    """A row of the list: `key` is returned, name and detail are shown."""

    key: str
    name: str
    detail: str = ""


def filter_choices(choices: Sequence[Choice], text: str) -> list[Choice]:
    """The choices that contain every typed word, matches in the name first."""
    words = text.lower().split()
    kept = [c for c in choices if all(word in f"{c.name} {c.detail}".lower() for word in words)]
    # False sorts first and sorting is stable, so both groups keep their order.
    return sorted(kept, key=lambda choice: not all(word in choice.name.lower() for word in words))


def choice_options(choices: Sequence[Choice]) -> list[Option]:
    """One row per choice, with the names in one column."""
    # Measured after sanitising: a control character may become several cells.
    names = max((cell_len(safe_text(choice.name)) for choice in choices if choice.detail), default=0)
    details = max((cell_len(safe_text(choice.detail)) for choice in choices), default=0)
    if names > LONGEST_NAME and 0 < details < SHORT_DETAIL:
        return [_choice_option(choice, None, details) for choice in choices]
    return [_choice_option(choice, min(LONGEST_NAME, names), None) for choice in choices]


def _choice_option(choice: Choice, name: int | None, detail: int | None) -> Option:
    """A row; the column without a width takes the remaining space."""
    row = Table.grid(expand=True, padding=(0, 1))
    row.add_column(
        no_wrap=True,
        overflow="ellipsis",
        width=name if choice.detail else None,
        ratio=1 if detail else None,
    )
    row.add_column(
        justify="right", no_wrap=True, overflow="ellipsis", width=detail, ratio=None if detail else 1
    )
    row.add_row(Text(safe_text(choice.name)), Text(safe_text(choice.detail), style="dim"))
    return Option(row, id=choice.key)
