"""GGUF control vectors with size limits: no header number is trusted beyond the bytes in the file.

The layout is llama.cpp's: magic, version, two counts, typed metadata, tensor table, aligned data. Arrays
are refused: control vectors have none, and a hundred-byte file can claim an array of two thousand million
entries.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from core.loading.gguf.guard import CONTROL_VECTORS
from core.loading.gguf.header import ALIGNMENT, ARRAY, MAGIC, SCALARS, STRING, UINT32, VERSIONS
from vectors import limits
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers.arrays import BYTES_PER, Array, as_float32, count_elements
from vectors.files.opening import OpenedFile

VERSION = 3
_TENSOR_TYPES = {0: "float32", 1: "float16", 28: "float64", 30: "bfloat16"}

Value = str | int | float | bool


class GgufValue(NamedTuple):
    value: Value
    kind: int


class GgufTensor(NamedTuple):
    dtype: str
    shape: tuple[int, ...]
    offset: int
    size: int


@dataclass(frozen=True)
class GgufFile:
    metadata: Mapping[str, GgufValue]
    tensors: Mapping[str, Array]


def recognizes(head: bytes) -> bool:
    return head.startswith(MAGIC)


class _Cursor:
    """A read position in the bytes; reading past the end raises an error."""

    def __init__(self, data: bytes, whole: bool) -> None:
        self.data, self.at, self.is_whole = data, 0, whole

    def next_bytes(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            # Of a file over the size limit only the head was read: it is not truncated.
            if not self.is_whole:
                raise VectorFileError("the header of this large file is not that of a control vector")
            raise VectorFileError(f"file is truncated ({len(self.data)} bytes)")
        self.at += count
        return self.data[self.at - count : self.at]

    def next_number(self, code: str) -> int:
        return int(struct.unpack("<" + code, self.next_bytes(struct.calcsize(code)))[0])

    def next_text(self, what: str) -> str:
        length = self.next_number("Q")
        if length > limits.METADATA_BYTES:
            raise VectorFileError(
                f"{what} claims {limits.format_count(length)} bytes, limit {limits.METADATA_LIMIT}"
            )
        return self.next_bytes(length).decode("utf-8", "surrogateescape")


def read(source: OpenedFile) -> GgufFile:
    """Metadata and tensors as float32; the architecture is checked as soon as it is read."""
    cursor = _Cursor(source.data, len(source.data) == source.file_size)
    cursor.next_bytes(len(MAGIC))
    version = cursor.next_number("I")
    if version not in VERSIONS:
        raise VectorFileError(f"not a GGUF control vector (version {version})")
    tensors, entries = cursor.next_number("Q"), cursor.next_number("Q")
    for count, what in ((tensors, "tensors"), (entries, "metadata entries")):
        if count > 1 << 20:
            raise VectorFileError(f"header claims {limits.format_count(count)} {what}")
    metadata = _read_metadata(cursor, entries)
    # After the metadata: a language model is refused by its architecture, not for its many tensors.
    if tensors > limits.TENSORS:
        raise VectorFileError(f"header claims {tensors:,} tensors, limit {limits.TENSORS:,}")
    # The header could be read from the head of a large file; the tensors cannot.
    source.require_whole()
    spans = _read_tensor_table(cursor, tensors)
    alignment = _read_alignment(metadata)
    # Offsets in the table count from the first aligned byte behind it.
    start = cursor.at + -cursor.at % alignment
    return GgufFile(
        metadata, {name: _read_array(source.data, start, name, span) for name, span in spans.items()}
    )


def _read_metadata(cursor: _Cursor, count: int) -> dict[str, GgufValue]:
    metadata: dict[str, GgufValue] = {}
    for index in range(count):
        if index == limits.METADATA_ENTRIES:
            raise VectorFileError(
                f"header claims {count:,} metadata entries, limit {limits.METADATA_ENTRIES}"
            )
        key = cursor.next_text("a metadata key")
        if key in metadata:
            raise VectorFileError(f"metadata key twice: {printable_name(key)}")
        kind = cursor.next_number("I")
        if kind != STRING and kind not in SCALARS:
            what = "an array" if kind == ARRAY else f"type {kind}"
            raise VectorFileError(f"metadata not allowed here: {printable_name(key)} is {what}")
        metadata[key] = GgufValue(_read_value(cursor, key, kind), kind)
        # At once: the vocabulary arrays that follow in a model's file would give a misleading error.
        architecture = metadata.get("general.architecture")
        if architecture and architecture.value not in CONTROL_VECTORS:
            raise VectorFileError(
                f"architecture {printable_name(architecture.value)}, expected controlvector"
            )
    if cursor.at > 2 * limits.METADATA_BYTES:
        raise VectorFileError(f"metadata larger than {limits.METADATA_LIMIT}")
    return metadata


def _read_value(cursor: _Cursor, key: str, kind: int) -> Value:
    if kind == STRING:
        return cursor.next_text(f"metadata {printable_name(key)}")
    code = SCALARS[kind]
    value: Value = struct.unpack("<" + code, cursor.next_bytes(struct.calcsize(code)))[0]
    return value


def _read_alignment(metadata: Mapping[str, GgufValue]) -> int:
    value = metadata.get("general.alignment", GgufValue(ALIGNMENT, UINT32)).value
    # value & (value − 1) is 0 for powers of two only.
    if not isinstance(value, int) or not 1 <= value <= 1 << 16 or value & (value - 1):
        raise VectorFileError(f"alignment {printable_name(value)} is not a power of two")
    return value


def _read_tensor_table(cursor: _Cursor, count: int) -> dict[str, GgufTensor]:
    spans: dict[str, GgufTensor] = {}
    total = 0
    for _ in range(count):
        name = cursor.next_text("a tensor name")
        if name in spans:
            raise VectorFileError(f"tensor name twice: {printable_name(name)}")
        axes = cursor.next_number("I")
        if axes > 4:
            raise VectorFileError(f"tensor {printable_name(name)} has {axes:,} axes")
        # ggml lists the axis with the smallest stride first.
        shape = tuple(cursor.next_number("Q") for _ in range(axes))[::-1]
        kind, offset = cursor.next_number("I"), cursor.next_number("Q")
        elements = count_elements(name, shape)
        if kind not in _TENSOR_TYPES:
            raise VectorFileError(f"tensor {printable_name(name)}: dtype {kind} of ggml not usable")
        dtype = _TENSOR_TYPES[kind]
        # The limit holds for all tensors together, too.
        total = count_elements(name, (total + elements,))
        spans[name] = GgufTensor(dtype, shape, offset, elements * BYTES_PER[dtype])
    return spans


def _read_array(data: bytes, start: int, name: str, span: GgufTensor) -> Array:
    stored = max(len(data) - start - span.offset, 0)
    if span.size > stored:
        raise VectorFileError(
            f"tensor data damaged ({printable_name(name)}: {stored:,} bytes stored, {span.size:,} declared)"
        )
    first = start + span.offset
    return as_float32(memoryview(data)[first : first + span.size], span.dtype).reshape(span.shape)


def dump(metadata: Mapping[str, str | int], rows: Mapping[str, Array]) -> bytes:
    """The bytes gguf-py writes for the same entries: text and u32 metadata, float32 rows, 32-byte alignment."""
    head = [MAGIC, struct.pack("<IQQ", VERSION, len(rows), len(metadata))]
    for key, value in metadata.items():
        kind = STRING if isinstance(value, str) else UINT32
        head += [
            _encode_text(key),
            struct.pack("<I", kind),
            _encode_text(value) if isinstance(value, str) else struct.pack("<I", value),
        ]
    offset, body = 0, []
    for name, row in rows.items():
        head += [_encode_text(name), struct.pack("<IQIQ", 1, row.size, 0, offset)]
        body.append(_padded(row.astype("<f4", copy=False).tobytes()))
        offset += len(body[-1])
    return _padded(b"".join(head)) + b"".join(body)


def _encode_text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    return struct.pack("<Q", len(data)) + data


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)
