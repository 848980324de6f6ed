"""Reads a contrast file as records with their line numbers, so that every error can name its place."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.byte_sizes import format_bytes
from core.errors import BadInput
from core.files import FileTooLarge, read_regular
from core.json_values import JsonValue
from vectors import limits
from vectors.errors import printable_name

LONGEST_LINE = 8 * limits.MEBI


@dataclass(frozen=True)
class PairRecord:
    """One entry and its place in the file, such as `line 7`."""

    place: str
    fields: Mapping[str, Any]


class BadRecord(BadInput):
    """An error that names the place; the caller adds the file name."""


def read(path: Path) -> list[PairRecord]:
    """The entries of a file; a JSON object alone is one entry."""
    text = _read_text(path)
    if path.suffix.lower() in (".csv", ".tsv"):
        return list(_parse_table(text, "\t" if path.suffix.lower() == ".tsv" else ","))
    # A .jsonl with a single line is one JSON object too, but its errors have to name the line.
    document = None if path.suffix.lower() == ".jsonl" else _parse_document(text)
    if isinstance(document, dict):
        return [PairRecord("the file", document)]
    if isinstance(document, list):
        return [_make_record(f"entry {n}", item) for n, item in enumerate(document, start=1)]
    return list(_parse_lines(text))


def _read_text(path: Path) -> str:
    try:
        data = read_regular(path, limits.FILE_BYTES)
    except FileTooLarge as problem:
        raise BadRecord(f"{format_bytes(problem.size)} is larger than any contrast file") from None
    except OSError as problem:
        raise BadRecord((problem.strerror or "unreadable").lower()) from None
    for number, line in enumerate(data.split(b"\n"), start=1):
        if b"\0" in line:
            raise BadRecord(f"line {number}: holds a NUL byte")
        if len(line) > LONGEST_LINE:
            raise BadRecord(f"line {number}: longer than {format_bytes(LONGEST_LINE)}")
    try:
        # Drops the byte-order mark that spreadsheets write.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        at = data[: problem.start].count(b"\n") + 1
        raise BadRecord(f"line {at}: not UTF-8") from None


def _parse_document(text: str) -> JsonValue:
    """The file as one JSON value, or None if it is JSON lines."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _parse_lines(text: str) -> Iterator[PairRecord]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError):
            raise BadRecord(f"line {number}: not valid JSON") from None
        yield _make_record(f"line {number}", item)


def _make_record(place: str, item: JsonValue) -> PairRecord:
    if not isinstance(item, dict):
        raise BadRecord(f"{place}: not an object")
    return PairRecord(place, item)


def _parse_table(text: str, delimiter: str) -> Iterator[PairRecord]:
    """Rows under a header; quotes may hold line breaks, every row has as many cells as the header."""
    csv.field_size_limit(LONGEST_LINE)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    began = 1
    try:
        for cells in rows:
            # A quoted cell may span lines: a row begins where the one before ended.
            place, began = f"line {began}", rows.line_num + 1
            if not cells:
                continue
            if header is None:
                header = [name.strip() for name in cells]
            elif len(cells) != len(header):
                raise BadRecord(f"{place}: {len(cells)} cells, the header has {len(header)}")
            else:
                yield PairRecord(place, dict(zip(header, cells, strict=True)))
    except csv.Error as problem:
        raise BadRecord(f"line {began}: {printable_name(problem)}") from None
