"""Reading a vector file: open it once, detect the format, and refuse anything else with one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from vectors.data import compatibility
from vectors.data.layer_numbers import ReadOptions
from vectors.data.stored import StoredVector, extreme_norm_warnings
from vectors.errors import VectorFileError
from vectors.files import formats
from vectors.files.opening import OpenedFile, open_vector_file


def read_stored(
    path: str | os.PathLike[str],
    *,
    layers: Iterable[int] | None = None,
    shift: int | None = None,
    n_layers: int | None = None,
    part: str | None = None,
    minus: str | os.PathLike[str] | None = None,
    allow_undecided: bool = False,
) -> StoredVector:
    """The vector in a file; `minus` subtracts a second file (two mean activations make a direction)."""
    named = None if layers is None else tuple(sorted(set(layers)))
    choices = ReadOptions(named, shift, n_layers, part, allow_undecided, pair=minus is not None)
    stored = parse(open_vector_file(path), choices)
    if minus is not None:
        stored = subtract_vectors(stored, parse(open_vector_file(minus), choices))
    return compatibility.select_layers(stored, named)


def parse(source: OpenedFile, choices: ReadOptions) -> StoredVector:
    """Parse a vector from bytes already read; every error gets the file's name in front."""
    try:
        refuse_lookalikes(source)
        stored = formats.reader_for(source)(source, choices)
    except VectorFileError as problem:
        raise VectorFileError(f"{source.name}: {problem}") from None
    except MemoryError:
        raise VectorFileError(f"{source.name}: not enough memory to read it") from None
    about = stored.about if stored.about.name else replace(stored.about, name=_stem(source.path))
    stored = replace(stored, about=about, file=source.name, file_sha256=source.sha256)
    return stored.warn(*extreme_norm_warnings(stored.norms))


def refuse_lookalikes(source: OpenedFile) -> None:
    """Refuse files that are often saved by mistake under a vector's name."""
    head = source.data[:1024].lstrip().lower()
    if not source.data:
        raise VectorFileError("file is empty")
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise VectorFileError("looks like a web page, not a vector")
    if head.startswith(b"version https://git-lfs"):
        raise VectorFileError("Git LFS pointer: run git lfs pull")


def subtract_vectors(plus: StoredVector, minus: StoredVector) -> StoredVector:
    """plus − minus on the layers both have."""
    shared = [layer for layer in plus.layers if layer in minus.units]
    if not shared or plus.hidden_size != minus.hidden_size:
        raise VectorFileError(f"{plus.file} and {minus.file} have no layer of equal width in common")
    rows = {layer: plus.raw(layer) - minus.raw(layer) for layer in shared}
    about = replace(plus.about, name=f"{plus.about.name}-minus-{minus.about.name}", stats={}, suggestion=None)
    pair = StoredVector.from_raw(
        rows, about=about, format=plus.format, index_rule=plus.index_rule, file=plus.file
    )
    return replace(pair, file_sha256=plus.file_sha256, undecided=plus.undecided, warnings=plus.warnings)


def _stem(path: Path) -> str:
    return os.fsdecode(path.stem)
