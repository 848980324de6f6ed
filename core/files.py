"""Opening, reading and writing files that a user can name.

Such a file may be a pipe, a device or a link to one, and may have any size: only regular files are opened, opening
never waits, and nothing is read beyond a limit. All refusals are OSErrors whose `strerror` is a clause of a sentence.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from core.byte_sizes import format_bytes

PathLike = str | os.PathLike[str]

KIBI, MEBI, GIBI = 1 << 10, 1 << 20, 1 << 30
JSON_BYTES = 16 * MEBI
"""Limit for small files of settings and facts."""

CHUNK = 64 * KIBI
NOT_REGULAR = "not a regular file; save what it holds as a file and name that"


class IrregularFile(OSError):
    """A pipe, a device or a socket."""


class FileTooLarge(OSError):
    """A file beyond its limit; `size` is at least what the file holds."""

    def __init__(self, path: PathLike, size: int, most_bytes: int) -> None:
        limit = format_bytes(most_bytes)
        super().__init__(errno.EFBIG, f"larger than {limit}, the limit for such a file", os.fspath(path))
        self.size = size


def expand_home(path: PathLike) -> Path:
    """Expand ~ and ~name; unlike pathlib, an unknown ~name is kept as a file name instead of raising."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def open_regular(path: PathLike, most_bytes: int | None = None) -> BinaryIO:
    """Open a regular file for reading; anything else, or a file beyond the limit, raises OSError at once."""
    try:
        # O_NONBLOCK: opening a pipe for reading would otherwise wait for a writer forever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError:
        # A null byte, or a character that no file name can hold.
        raise OSError(errno.EINVAL, "not a usable path", os.fspath(path)) from None
    except OSError as problem:
        # What open(2) answers for a socket, or for a device file without its device.
        if problem.errno in (errno.ENXIO, errno.ENODEV):
            raise IrregularFile(errno.EINVAL, NOT_REGULAR, os.fspath(path)) from None
        raise
    try:
        # Checked on the open descriptor: by now the path may name another file.
        _refuse_irregular(path, os.fstat(descriptor), most_bytes)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: PathLike, most_bytes: int) -> bytes:
    """All bytes of a regular file that holds at most `most_bytes`."""
    with open_regular(path, most_bytes) as file:
        pieces = [file.read(os.fstat(file.fileno()).st_size)]
        room = most_bytes - len(pieces[0])
        # A file may have grown since, and the kernel's own files have no size.
        while room >= 0 and (piece := file.read(min(room + 1, CHUNK))):
            pieces.append(piece)
            room -= len(piece)
    if room < 0:
        # At least one byte beyond the limit was read; how many more there are stays unknown.
        raise FileTooLarge(path, most_bytes + 1, most_bytes)
    return b"".join(pieces)


def read_utf8(path: PathLike, most_bytes: int, errors: str = "strict") -> str:
    """The text of a regular file, its line ends made `\\n`."""
    text = read_regular(path, most_bytes).decode("utf-8", errors)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def write_atomic(path: PathLike, data: bytes, mode: int | None = None) -> None:
    """Write a temporary file beside the target and rename it: readers see the old bytes or the new ones.

    `mode` is what the umask leaves of a new file's 0666 unless it is given. Raises OSError and leaves no other file.
    """
    target = Path(path)
    # In the same folder, because a rename is atomic only within one file system.
    descriptor, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:32]}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            # mkstemp creates files with mode 0600, whatever the umask.
            os.fchmod(file.fileno(), 0o666 & ~_umask() if mode is None else mode)
            # On disk before the rename: after a crash the name must not lead to an empty file.
            os.fsync(file.fileno())
        Path(beside).replace(target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _refuse_irregular(path: PathLike, status: os.stat_result, most_bytes: int | None) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(status.st_mode):
        raise IrregularFile(errno.EINVAL, NOT_REGULAR, os.fspath(path))
    if most_bytes is not None and status.st_size > most_bytes:
        raise FileTooLarge(path, status.st_size, most_bytes)


def _umask() -> int:
    # The umask can only be read by setting it; other threads may create files meanwhile, hence a strict one.
    current = os.umask(0o077)
    os.umask(current)
    return current
