"""A vector file read once into memory, so that checks and parsing use the same bytes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.byte_sizes import format_bytes
from core.files import IrregularFile, open_regular
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
    place = Path(path)
    try:
        with open_regular(place) as file:
            size = os.fstat(file.fileno()).st_size
            return OpenedFile(place, file.read(size if size <= limits.FILE_BYTES else HEAD_BYTES), size)
    except OSError as problem:
        raise VectorFileError(f"{printable_name(place)}: {_error_reason(problem)}") from None


def _error_reason(problem: OSError) -> str:
    if isinstance(problem, (IrregularFile, IsADirectoryError)):
        return "not a regular file"
    return (problem.strerror or "unreadable").lower()
