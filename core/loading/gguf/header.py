"""The header of a GGUF file: typed metadata, then a table that places every tensor in the aligned data behind it.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian. No number of the
header is trusted beyond the bytes of the file. Of an array (a vocabulary has many thousand entries) only the kind and
the length are kept.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from core.errors import ModelError
from core.files import open_regular

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = 32
UINT32, INT32, STRING, ARRAY = 4, 5, 8, 9
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", UINT32: "I", INT32: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""Format characters of `struct`, by the number of the type."""

MOST_ENTRIES = 1 << 16
MOST_ITEMS = 1 << 22
MOST_TEXT = 1 << 24
MOST_AXES = 8

Value = str | int | float | bool


class ArrayLength(NamedTuple):
    """What is kept of an array: the number of its items' type, and how many there are."""

    kind: int
    length: int


class GgufEntry(NamedTuple):
    """Type (ggml's number), shape and place of one tensor; `offset` counts from the start of the data."""

    kind: int
    shape: tuple[int, ...]
    offset: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class GgufHeader:
    """`data_start` is the first byte of the tensors' data, `file_bytes` the length of the file."""

    metadata: Mapping[str, Value | ArrayLength]
    tensors: Mapping[str, GgufEntry]
    data_start: int
    file_bytes: int

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", ""))

    @property
    def parameters(self) -> int:
        return sum(entry.elements for entry in self.tensors.values())

    @property
    def vocabulary(self) -> int:
        """How many tokens the file's vocabulary has; 0 without one."""
        tokens = self.metadata.get("tokenizer.ggml.tokens")
        return tokens.length if isinstance(tokens, ArrayLength) else 0

    def size_of(self, key: str) -> int:
        """A whole number of this architecture, such as block_count; 0 where there is none."""
        value = self.metadata.get(f"{self.architecture}.{key}")
        return value if type(value) is int else 0


def read_gguf_header(path: Path) -> GgufHeader:
    """The header of a GGUF file; raises ModelError if it is none, or damaged."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if file.read(len(MAGIC)) != MAGIC:
                raise ModelError(f"{path} is no GGUF file")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                return _parse(_HeaderCursor(mapped, size), size)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    except _DamagedHeader as damage:
        raise ModelError(f"{path}: {damage}") from None


class _DamagedHeader(ValueError):
    """What is wrong with the bytes, as a clause of a sentence."""


class _HeaderCursor:
    """A read position in the mapped file; reading past its end raises."""

    def __init__(self, data: mmap.mmap, size: int) -> None:
        self.data, self.size, self.at = data, size, len(MAGIC)

    def skip(self, count: int) -> int:
        """Move on by `count` bytes and return where they begin."""
        if count > self.size - self.at:
            raise _DamagedHeader(f"the file ends in its header ({self.size} bytes): damaged or truncated")
        self.at += count
        return self.at - count

    def number(self, code: str) -> int:
        return int(self.scalar(code))

    def scalar(self, code: str) -> int | float | bool:
        start = self.skip(struct.calcsize("<" + code))
        value: int | float | bool = struct.unpack_from("<" + code, self.data, start)[0]
        return value

    def text(self) -> str:
        length = self.number("Q")
        if length > MOST_TEXT:
            raise _DamagedHeader(f"its header claims a text of {length} bytes: damaged")
        start = self.skip(length)
        return self.data[start : start + length].decode("utf-8", "replace")

    def skip_texts(self, count: int) -> None:
        unpack, at, end = struct.Struct("<Q").unpack_from, self.at, self.size
        # A loop of its own, because a vocabulary has hundreds of thousands of texts.
        for _ in range(count):
            if at + 8 > end:
                break
            at += 8 + unpack(self.data, at)[0]
        else:
            self.skip(at - self.at)
            return
        self.skip(self.size)


def _parse(cursor: _HeaderCursor, size: int) -> GgufHeader:
    version = cursor.number("I")
    if int.from_bytes(version.to_bytes(4, "little"), "big") in VERSIONS:
        raise _DamagedHeader("a big-endian GGUF file, only little-endian ones can be read")
    if version not in VERSIONS:
        raise _DamagedHeader(f"GGUF version {version}, only {' and '.join(map(str, VERSIONS))} can be read")
    tensors, entries = cursor.number("Q"), cursor.number("Q")
    for count, what in ((tensors, "tensors"), (entries, "metadata entries")):
        if count > MOST_ENTRIES:
            raise _DamagedHeader(f"its header claims {count} {what}: damaged")
    metadata = {}
    for _ in range(entries):
        key = cursor.text()
        if key in metadata:
            raise _DamagedHeader(f"metadata key twice: {key[:80]!r}")
        metadata[key] = _read_value(cursor, key)
    table = _read_table(cursor, tensors)
    alignment = _read_alignment(metadata)
    # Offsets in the table count from the first aligned byte behind it.
    return GgufHeader(metadata, table, cursor.at + -cursor.at % alignment, size)


def _read_value(cursor: _HeaderCursor, key: str) -> Value | ArrayLength:
    kind = cursor.number("I")
    if kind == STRING:
        return cursor.text()
    if kind in SCALARS:
        return cursor.scalar(SCALARS[kind])
    if kind != ARRAY:
        raise _DamagedHeader(f"metadata {key[:80]!r} has the unknown type {kind}: damaged")
    inner, count = cursor.number("I"), cursor.number("Q")
    # Nested arrays make readers recurse; no model has any.
    if count > MOST_ITEMS or (inner != STRING and inner not in SCALARS):
        raise _DamagedHeader(f"metadata {key[:80]!r} is an array of {count} items of type {inner}: damaged")
    if inner == STRING:
        cursor.skip_texts(count)
    else:
        cursor.skip(count * struct.calcsize("<" + SCALARS[inner]))
    return ArrayLength(inner, count)


def _read_table(cursor: _HeaderCursor, count: int) -> dict[str, GgufEntry]:
    table: dict[str, GgufEntry] = {}
    for _ in range(count):
        name, axes = cursor.text(), cursor.number("I")
        if name in table:
            raise _DamagedHeader(f"tensor name twice: {name[:80]!r}")
        if axes > MOST_AXES:
            raise _DamagedHeader(f"tensor {name[:80]!r} has {axes} axes: damaged")
        # ggml lists the axis with the smallest stride first.
        shape = tuple(cursor.number("Q") for _ in range(axes))[::-1]
        kind, offset = cursor.number("I"), cursor.number("Q")
        table[name] = GgufEntry(kind, shape, offset)
    return table


def _read_alignment(metadata: Mapping[str, Value | ArrayLength]) -> int:
    value = metadata.get("general.alignment", ALIGNMENT)
    # value & (value − 1) is 0 for powers of two only.
    if type(value) is not int or not 1 <= value <= 1 << 16 or value & (value - 1):
        raise _DamagedHeader(f"alignment {value!r} is not a power of two: damaged")
    return value
