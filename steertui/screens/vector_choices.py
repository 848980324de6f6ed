"""The vectors that can be added without a path: starters of the demo world and the user's library."""

from __future__ import annotations

from steertui.widgets.choices import Choice
from vectors.library import library


def vector_choices() -> list[Choice]:
    """The library's entries as choices, each with a short note."""
    return [Choice(entry.name, entry.name, _entry_detail(entry)) for entry in library.list_entries()]


def _entry_detail(entry: library.LibraryEntry) -> str:
    if entry.card is None:
        return entry.problem
    return "starter" if entry.starter else (entry.note or entry.card.format)
