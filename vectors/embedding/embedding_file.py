"""Embeddings made elsewhere, as a file: `.npz` with `texts` and `rows`, or JSON lines with `text` and `row`.

The file is untrusted: nothing in it is executed, its sizes are checked before anything is allocated, and every
refusal is one sentence.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.byte_sizes import format_bytes
from core.errors import BadInput
from core.jobs.job import Steps
from core.json_values import JsonValue
from vectors import limits
from vectors.embedding.one_word import Rows
from vectors.embedding.text_embedding import OPPOSITES
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers import npy, torchfile
from vectors.files.containers.arrays import Array
from vectors.files.opening import OpenedFile, open_vector_file

TEXTS, ROWS, TEXT, ROW = "texts", "rows", "text", "row"
LONGEST_LINE = 8 * limits.MEBI
LARGEST = 3e38  # what float32 can hold


@dataclass(frozen=True)
class FileEmbedding:
    """Rows by text, spaces and line breaks counted as one space; used as they are, and not tested."""

    name: str
    sha256: str
    rows: Mapping[str, Array]

    @property
    def identity(self) -> str:
        return self.sha256

    @property
    def warning(self) -> str:
        return f"the rows of {self.name} were not tested; {OPPOSITES}"

    def missing(self, texts: Sequence[str]) -> list[str]:
        return [text for text in texts if single_spaced(text) not in self.rows]

    def embed(self, texts: Sequence[str]) -> Steps[Rows]:
        yield from ()
        self.require(texts)
        return np.array([self.rows[single_spaced(text)] for text in texts], np.float64)

    def require(self, texts: Sequence[str]) -> None:
        """Raise the sentence that says which texts have no row."""
        if lost := self.missing(texts):
            others = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
            raise BadInput(f"{self.name}: no row for the text {printable_name(lost[0])!r}{others}")

    def facts(self) -> dict[str, JsonValue]:
        return {"embedded_by": self.name, "auroc": None}


def single_spaced(text: str) -> str:
    """The text with one space wherever it has spaces or line breaks, and none around it."""
    return " ".join(text.split())


def read_embedding_file(path: Path) -> FileEmbedding:
    """Read a file of embeddings; raises `BadInput` with one sentence if it cannot be used."""
    source = open_vector_file(path)
    try:
        _require_size(source)
        entries = _archive_entries(source) if torchfile.recognizes_zip(source.data) else _line_entries(source)
        return FileEmbedding(source.name, source.sha256, _collect_rows(entries))
    except VectorFileError as problem:
        raise BadInput(f"{source.name}: {problem}") from None


def _require_size(source: OpenedFile) -> None:
    if len(source.data) < source.file_size:
        size, limit = format_bytes(source.file_size), format_bytes(limits.FILE_BYTES)
        raise VectorFileError(f"{size} is larger than any file of embeddings (limit {limit})")


def _archive_entries(source: OpenedFile) -> Iterator[tuple[str, str, Array]]:
    """(place, text, row) of a `.npz`."""
    archive = torchfile.open_zip(source)
    if set(archive.namelist()) != {f"{TEXTS}.npy", f"{ROWS}.npy"}:
        held = ", ".join(printable_name(name.removesuffix(".npy")) for name in archive.namelist()[:4])
        raise VectorFileError(f"holds {held or 'nothing'}; expected the two arrays {TEXTS} and {ROWS}")
    texts = npy.read_texts(npy.read_npy_record(archive, f"{TEXTS}.npy"), TEXTS)
    rows = npy.read(npy.read_npy_record(archive, f"{ROWS}.npy"), ROWS)
    if rows.ndim != 2 or len(rows) != len(texts):
        shape = "×".join(map(str, rows.shape)) or "a single number"
        raise VectorFileError(f"{ROWS} have shape {shape}, expected one row for each of {len(texts):,} texts")
    for number, (text, row) in enumerate(zip(texts, rows, strict=True), start=1):
        yield f"row {number}", text, row


def _line_entries(source: OpenedFile) -> Iterator[tuple[str, str, Array]]:
    """(place, text, row) of JSON lines."""
    if len(source.data) > limits.TEXT_BYTES:
        size, limit = format_bytes(len(source.data)), format_bytes(limits.TEXT_BYTES)
        raise VectorFileError(f"{size} of JSON is too much (limit {limit}); save the rows as .npz")
    for number, line in enumerate(source.data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            yield f"line {number}", *_parse_line(line, f"line {number}")


def _parse_line(line: bytes, place: str) -> tuple[str, Array]:
    if len(line) > LONGEST_LINE:
        raise VectorFileError(f"{place}: longer than {format_bytes(LONGEST_LINE)}")
    try:
        entry = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise VectorFileError(f"{place}: neither JSON nor a .npz file") from None
    text, numbers = (entry.get(TEXT), entry.get(ROW)) if isinstance(entry, dict) else (None, None)
    if not isinstance(text, str):
        raise VectorFileError(f"{place}: no {TEXT!r}")
    # A bool is an int, and an int may be too large for a float.
    if not isinstance(numbers, list) or not all(type(one) in (int, float) for one in numbers):
        raise VectorFileError(f"{place}: {ROW!r} has to be a list of numbers")
    return text, np.array([one if abs(one) < LARGEST else math.inf for one in numbers], np.float32)


def _collect_rows(entries: Iterator[tuple[str, str, Array]]) -> dict[str, Array]:
    """Rows by text; each has a text, one width, finite numbers that are not all zero."""
    found: dict[str, Array] = {}
    width = 0
    for place, text, row in entries:
        words = single_spaced(text)
        width = width or row.size
        if not words:
            raise VectorFileError(f"{place}: its text is empty")
        if row.size != width or not 0 < width <= limits.WIDTH:
            raise VectorFileError(f"{place}: {row.size:,} numbers, expected {width or 'at least one'}")
        if not np.isfinite(row).all():
            raise VectorFileError(f"{place}: holds NaN or infinity")
        if not row.any():
            raise VectorFileError(f"{place}: holds only zeros, which point nowhere")
        if words in found and not np.array_equal(found[words], row):
            raise VectorFileError(f"{place}: another row for the text {printable_name(words)!r}")
        found[words] = row
    if not found:
        raise VectorFileError("no embeddings in it")
    return found
