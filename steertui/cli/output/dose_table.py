"""Answers at several doses as a table for a terminal: the prompt, then a line per dose with its text."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from textwrap import wrap
from typing import Any

NARROWEST, WIDEST = 40, 100
PROMPT_LINES = 3


def render_doses(rows: Sequence[Mapping[str, Any]], width: int | None = None) -> Iterator[str]:
    """The lines of the table; by default as wide as the terminal, 80 columns where there is none."""
    room = max(NARROWEST, min(width or shutil.get_terminal_size((80, 24)).columns, WIDEST))
    for number, (prompt, group) in enumerate(groupby(rows, key=lambda row: _prompt_words(row["prompt"]))):
        if number:
            yield ""
        lines = wrap(prompt, room - 8) or [""]
        shown = (
            lines
            if len(lines) <= PROMPT_LINES
            else [*lines[: PROMPT_LINES - 1], lines[PROMPT_LINES - 1] + " …"]
        )
        yield from (f"{'prompt' if k == 0 else '':<8}{line}" for k, line in enumerate(shown))
        yield f"{'dose':>6}  text"
        for row in group:
            yield from _dose_lines(row, room - 8)


def _dose_lines(row: Mapping[str, Any], room: int) -> Iterator[str]:
    dose = f"{row['dose']:+g}" if row["dose"] else "0"
    words = row["text"] if "text" in row else row["error"]
    # A paragraph keeps its line breaks; a line without words would end the row for the eye.
    lines = [part for line in words.splitlines() for part in wrap(line, room)] or ["(no text)"]
    if flags := row.get("flags"):
        lines += [f"[{', '.join(flags)}]"]
    yield from (f"{dose if k == 0 else '':>6}  {line}" for k, line in enumerate(lines))


def _prompt_words(prompt: Any) -> str:
    """A prompt on one line; of messages the last, with the one before it where roles differ in a pair."""
    if isinstance(prompt, str):
        return " ".join(prompt.split())
    return (
        json.dumps(prompt, ensure_ascii=False) if len(prompt) > 1 else " ".join(prompt[0]["content"].split())
    )
