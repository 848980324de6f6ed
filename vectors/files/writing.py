"""Writing vector files atomically."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.files import write_atomic
from vectors.errors import VectorFileError, printable_name
from vectors.files import formats
from vectors.files.target import ensure_writable

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

SUFFIXES = {".safetensors": "native", ".gguf": "gguf", ".svec": "svec"}


def choose_format(path: Path, wanted: str | None) -> str:
    """The requested format, else that of the suffix; `.pt` has several layouts and needs an explicit one."""
    if wanted is None and path.suffix == ".pt":
        raise UsageError(
            f"{printable_name(path.name)}: .pt has several layouts, say --to pt-dict, persona or axis"
        )
    name = wanted or SUFFIXES.get(path.suffix, "")
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
    place = Path(path)
    writer = formats.WRITERS[choose_format(place, to)]
    data, losses = writer(vector)
    write_bytes(place, data)
    return losses


def write_bytes(place: Path, data: bytes) -> None:
    """Write a file of the library or a vector whole or not at all; a failure is a sentence."""
    try:
        write_atomic(place, data)
    except OSError as problem:
        raise VectorFileError(
            f"{printable_name(place)}: cannot write ({os.strerror(problem.errno or 0).lower()})"
        ) from None
