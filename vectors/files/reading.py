"""Parsing a vector file: detect the format, and refuse anything else with one sentence."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from vectors.data.layer_numbers import ReadOptions
from vectors.errors import VectorFileError
from vectors.files import formats
from vectors.files.contents import FileContents
from vectors.files.opening import OpenedFile


def parse(source: OpenedFile, choices: ReadOptions) -> FileContents:
    """Parse a vector from bytes already read; every error gets the file's name in front."""
    try:
        # First, because a web page or an LFS pointer needs another remedy than an unknown format.
        refuse_lookalikes(source)
        contents = formats.reader_for(source)(source, choices)
    except VectorFileError as problem:
        raise VectorFileError(f"{source.name}: {problem}") from None
    except MemoryError:
        raise VectorFileError(f"{source.name}: not enough memory to read it") from None
    # Most foreign files hold no name: the file's own name is the best there is.
    about = contents.about if contents.about.name else replace(contents.about, name=_stem(source.path))
    return replace(contents, about=about, file=source.name, file_sha256=source.sha256)


def refuse_lookalikes(source: OpenedFile) -> None:
    """Refuse files that are often saved by mistake under a vector's name."""
    head = source.data[:1024].lstrip().lower()
    if not source.data:
        raise VectorFileError("file is empty")
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise VectorFileError("looks like a web page, not a vector")
    if head.startswith(b"version https://git-lfs"):
        raise VectorFileError("Git LFS pointer: run git lfs pull")


def _stem(path: Path) -> str:
    return os.fsdecode(path.stem)
