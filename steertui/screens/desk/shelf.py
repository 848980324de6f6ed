"""The vectors a strip can be made of without knowing any path: starters of the demo world and the user's library."""

from __future__ import annotations

from steertui.screens.pick import Choice
from vectors import library


def vectors_at_hand() -> list[Choice]:
    """What the library lists, with what each card says in a few words."""
    return [Choice(entry.name, entry.name, _detail(entry)) for entry in library.entries()]


def _detail(entry: library.Entry) -> str:
    if entry.card is None:
        return entry.problem
    return "starter" if entry.starter else (entry.note or entry.card.format)
