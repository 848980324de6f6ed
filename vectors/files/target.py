"""Checks, before any work is done, that an output file can be written."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from core.errors import UsageError
from core.files import expand_home
from vectors.errors import printable_name


def check_writable(path: str | os.PathLike[str]) -> Path:
    """The expanded path of a file that can be written, as far as this is known without creating anything."""
    target = expand_home(path)
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        _require_writable(target.parent)
        _require_possible(target)
    except (OSError, ValueError) as problem:
        raise _write_error(target, problem) from None
    return target


def check_writable_folder(path: str | os.PathLike[str]) -> Path:
    """The expanded path of a folder in which files can be written once it exists."""
    folder = expand_home(path)
    try:
        _require_writable(folder)
    except (OSError, ValueError) as problem:
        raise _write_error(folder, problem) from None
    return folder


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
        raise _write_error(target, problem) from None


def _require_writable(folder: Path) -> None:
    """Raise unless files can be created in the folder, or in the nearest one above it that exists."""
    ground = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    if not stat.S_ISDIR(ground.stat().st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(ground, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _require_possible(target: Path) -> None:
    """Raise if no file can have this name, for example because it is too long."""
    with suppress(FileNotFoundError):
        target.lstat()


def _write_error(target: Path, problem: OSError | ValueError) -> UsageError:
    why = problem.strerror if isinstance(problem, OSError) else "not a usable path"
    return UsageError(f"cannot write {printable_name(target)}: {(why or 'unknown reason').lower()}")
