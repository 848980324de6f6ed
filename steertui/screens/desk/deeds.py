"""What a key does at once, without asking: one line each, by the name that its command carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from steertui.screens.desk import distractors, rewind

if TYPE_CHECKING:
    from steertui.screens.desk.screen import Desk

DEEDS: Mapping[str, Callable[[Desk], None]] = {
    "again": lambda desk: desk.talk.again(),
    "again_otherwise": lambda desk: desk.talk.again(new_seed=True),
    "edit": lambda desk: desk.talk.edit(),
    "next_branch": lambda desk: desk.talk.step(+1),
    "previous_branch": lambda desk: desk.talk.step(-1),
    "rewind": rewind.again,
    "distract": distractors.again,
    "undo": lambda desk: desk.rack.undo(),
    "redo": lambda desk: desk.rack.redo(),
    "tempo": lambda desk: desk.talk.next_tempo(),
}
