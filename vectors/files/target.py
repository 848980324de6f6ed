"""Checks, before any work is done, that an output file can be written."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from core.errors import UsageError
from core.files import expand_home
from vectors.errors import printable_name


def ensure_writable(path: str | os.PathLike[str]) -> Path:
    """The expanded path; creates the folder and raises a sentence with the reason if it cannot be written."""
    target = expand_home(path)
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        target.parent.mkdir(parents=True, exist_ok=True)
        # Only creating a file proves it: permission bits know nothing of read-only or full disks.
        with tempfile.TemporaryFile(dir=target.parent):
            return target
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "not a usable path"
        raise UsageError(
            f"cannot write {printable_name(target)}: {(why or 'unknown reason').lower()}"
        ) from None
