"""Writing vector files atomically."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UsageError
from vectors.errors import VectorFileError, printable_name
from vectors.files import formats
from vectors.files.target import ensure_writable

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

SUFFIXES = {".safetensors": "native", ".gguf": "gguf", ".svec": "svec"}


def choose_format(path: Path, to: str | None) -> str:
    """The requested format, else that of the suffix; `.pt` has several layouts and needs an explicit one."""
    if to is None and path.suffix == ".pt":
        raise UsageError(
            f"{printable_name(path.name)}: .pt has several layouts, say --to pt-dict, persona or axis"
        )
    name = to or SUFFIXES.get(path.suffix, "")
    if name not in formats.WRITERS:
        known = ", ".join(formats.WRITERS)
        raise UsageError(
            f"{printable_name(path.name)}: cannot write {name or 'this suffix'} (say --to {known})"
        )
    return name


def ensure_vector_writable(path: str | os.PathLike[str], to: str | None = None) -> Path:
    """The output path, checked for its format and for write access before there is a vector."""
    choose_format(Path(path), to)
    return ensure_writable(path)


def write(vector: SteeringVector, path: str | os.PathLike[str], to: str | None = None) -> tuple[str, ...]:
    """Write a vector; returns warnings about what the format cannot hold."""
    target = Path(path)
    writer = formats.WRITERS[choose_format(target, to)]
    data, losses = writer(vector)
    write_atomic(target, data)
    return losses


def write_atomic(target: Path, data: bytes) -> None:
    """Write a temporary file beside the target, then rename it: readers see the old bytes or the new ones."""
    try:
        # In the same folder: a rename is atomic only within one file system.
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:32]}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                # On the disk before the rename: a power cut must not leave an empty file under the name.
                file.flush()
                os.fsync(file.fileno())
                # mkstemp makes private files; a saved vector gets the permissions of an ordinary one.
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            Path(temporary).replace(target)
        # Also on Ctrl-C: the temporary file is not left behind.
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise VectorFileError(
            f"{printable_name(target)}: cannot write ({os.strerror(problem.errno or 0).lower()})"
        ) from None


def _umask() -> int:
    # The mask can only be read by setting it; for that moment it is a strict one.
    current = os.umask(0o077)
    os.umask(current)
    return current
