"""The error of every file that cannot be used as a vector, and how names from a file are printed in it."""

from __future__ import annotations

from pathlib import Path

from core.errors import BadInput

LONGEST_NAME = 80


class VectorFileError(BadInput):
    """A vector file that cannot be used; the text is one sentence with the file, the place and what to do."""


def printable_name(text: object) -> str:
    """A name from outside, with unprintable characters escaped and cut to one line.

    A path that is too long keeps its end, where the file name is.
    """
    escaped = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in str(text)
    )
    if len(escaped) <= LONGEST_NAME:
        return escaped
    room = LONGEST_NAME - 1
    return "…" + escaped[-room:] if isinstance(text, Path) else escaped[:room] + "…"
