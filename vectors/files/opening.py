"""A vector file read once into memory, so that checks and parsing use the same bytes."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.byte_sizes import format_bytes
from vectors import limits
from vectors.errors import VectorFileError, printable_name

HEAD_BYTES = 1 << 16


@dataclass(frozen=True)
class OpenedFile:
    """The bytes of one regular file; of a file over the size limit only the head, to detect its type."""

    path: Path
    data: bytes
    file_size: int

    @property
    def name(self) -> str:
        return printable_name(os.fsdecode(self.path.name))

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def require_whole(self) -> None:
        if len(self.data) < self.file_size:
            limit = format_bytes(limits.FILE_BYTES)
            raise VectorFileError(
                f"{format_bytes(self.file_size)} is larger than any vector file (limit {limit})"
            )


def open_vector_file(path: str | os.PathLike[str]) -> OpenedFile:
    """Read a regular file through one descriptor; pipes, devices and folders are refused without blocking."""
    file_path = Path(path)
    try:
        # O_NONBLOCK: opening a FIFO for reading would otherwise wait for a writer forever.
        descriptor = os.open(file_path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as problem:
        raise VectorFileError(f"{printable_name(file_path)}: {_error_reason(problem)}") from None
    try:
        # The open file is examined, not the path, which may lead elsewhere by now.
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise VectorFileError(f"{printable_name(file_path)}: not a regular file")
        # A file this large is no vector; its head is enough to say what it is instead.
        size = status.st_size if status.st_size <= limits.FILE_BYTES else HEAD_BYTES
        return OpenedFile(file_path, _read_bytes(descriptor, size), status.st_size)
    except OSError as problem:
        raise VectorFileError(f"{printable_name(file_path)}: {_error_reason(problem)}") from None
    finally:
        os.close(descriptor)


def _read_bytes(descriptor: int, remaining: int) -> bytes:
    pieces = []
    # os.read may return fewer bytes than requested, and none if the file was cut short meanwhile.
    while remaining > 0 and (piece := os.read(descriptor, remaining)):
        pieces.append(piece)
        remaining -= len(piece)
    return b"".join(pieces)


def _error_reason(problem: OSError | ValueError) -> str:
    if isinstance(problem, OSError) and problem.errno in (errno.ENXIO, errno.EISDIR, errno.ENODEV):
        return "not a regular file"
    if isinstance(problem, OSError) and problem.errno:
        return os.strerror(problem.errno).lower()
    return "not a usable path"
