"""One typed error for every file that cannot be a vector, and the one way names from a file are shown in it."""

from __future__ import annotations

from pathlib import Path

from core.errors import BadInput

LONGEST_NAME = 80


class VectorFileError(BadInput):
    """A vector file that cannot be used; the text is one sentence that names the file, the place and the way out."""


def shown(text: object) -> str:
    """A name from outside with everything a terminal could act on spelled out, and never longer than a line.

    Of a path that is too long the end is kept: the name of the file says more than where the path begins.
    """
    escaped = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in str(text)
    )
    if len(escaped) <= LONGEST_NAME:
        return escaped
    room = LONGEST_NAME - 1
    return "…" + escaped[-room:] if isinstance(text, Path) else escaped[:room] + "…"
