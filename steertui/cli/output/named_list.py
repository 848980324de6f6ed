"""Names with a sentence beside each, wrapped under itself so that a terminal breaks no word."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator
from textwrap import wrap

NARROWEST, WIDEST = 40, 100


def named_lines(rows: Iterable[tuple[str, str]], column: int, facts: str = "") -> Iterator[str]:
    """A name padded to `column`, `facts` and its sentence; as wide as the terminal, 80 where there is none."""
    for name, words in rows:
        yield from wrapped_lines(f"{name:<{column}} {facts}{' ' if facts else ''}", words)


def wrapped_lines(head: str, words: str) -> Iterator[str]:
    """`head` and then the words; the lines after the first begin where the words begin."""
    room = max(NARROWEST, min(shutil.get_terminal_size((80, 24)).columns, WIDEST))
    # A name with hyphens is one name, and stays on one line.
    lines = wrap(words, max(NARROWEST // 2, room - len(head)), break_on_hyphens=False) or [""]
    yield from (f"{head if k == 0 else ' ' * len(head)}{line}" for k, line in enumerate(lines))


def note_lines(notes: Iterable[str]) -> Iterator[str]:
    """Notes under a result; one line each in a file or a pipe."""
    for note in notes:
        yield from wrapped_lines("note: ", note) if sys.stdout.isatty() else [f"note: {note}"]
