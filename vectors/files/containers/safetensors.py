"""A strict safetensors parser for untrusted files.

The library accepts duplicate names and metadata of any size; this one does not.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from core.byte_sizes import format_bytes
from core.json_values import DuplicateName, JsonValue
from core.loading.safetensors_header import (
    LENGTH_BYTES,
    METADATA,
    parse_entry,
    parse_json,
    parse_length,
)
from vectors import limits
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers.arrays import BYTES_PER, Array, as_float32, count_elements
from vectors.files.opening import OpenedFile

_DTYPES = {"BF16": "bfloat16", "F16": "float16", "F32": "float32", "F64": "float64"}


@dataclass(frozen=True)
class SafetensorsFile:
    tensors: Mapping[str, Array]
    metadata: Mapping[str, str]


def recognizes(head: bytes) -> bool:
    # Eight bytes of header length, then the header's JSON.
    return len(head) > 8 and head[8:9] == b"{"


def read(source: OpenedFile) -> SafetensorsFile:
    """All tensors as float32, after checking that the header accounts for every byte of the file."""
    header, body = _read_header(source)
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise VectorFileError("header is not valid (metadata must be text)")
    if sum(len(key) + len(value) for key, value in metadata.items()) > limits.METADATA_BYTES:
        raise VectorFileError(f"metadata larger than {limits.METADATA_LIMIT}")
    if len(header) > limits.TENSORS:
        raise VectorFileError(
            f"header claims {limits.format_count(len(header))} tensors, limit {limits.TENSORS:,}"
        )
    spans = {name: _parse_span(name, entry) for name, entry in header.items()}
    _account_for_every_byte(spans, len(body))
    # Each tensor is within the limit; all of them in float32 need not be.
    count_elements(
        "all tensors", (sum((end - start) // BYTES_PER[dtype] for dtype, _, start, end in spans.values()),)
    )
    return SafetensorsFile({name: _read_array(body, span) for name, span in spans.items()}, metadata)


def _read_header(source: OpenedFile) -> tuple[dict[str, JsonValue], memoryview]:
    data = source.data
    if len(data) < LENGTH_BYTES:
        raise VectorFileError(f"file is truncated ({len(data)} bytes)")
    length = parse_length(data)
    if length > source.file_size - LENGTH_BYTES:
        raise VectorFileError(
            f"header claims {limits.format_count(length)} bytes, the file has {limits.format_count(source.file_size)}"
        )
    if length > 2 * limits.METADATA_BYTES:
        raise VectorFileError(
            f"metadata larger than {limits.METADATA_LIMIT} (the header has {format_bytes(length)})"
        )
    source.require_whole()
    try:
        header = parse_json(data[LENGTH_BYTES : LENGTH_BYTES + length])
    except DuplicateName as double:
        raise VectorFileError(f"tensor name twice: {printable_name(double)}") from None
    except ValueError:
        raise VectorFileError("header is not valid") from None
    return header, memoryview(data)[LENGTH_BYTES + length :]


Span = tuple[str, tuple[int, ...], int, int]


def _parse_span(name: str, entry: JsonValue) -> Span:
    try:
        found = parse_entry(entry)
    except ValueError:
        raise VectorFileError(f"header is not valid (tensor {printable_name(name)})") from None
    if not isinstance(entry, dict) or len(entry) != 3 or len(found.shape) > 8:
        raise VectorFileError(f"header is not valid (tensor {printable_name(name)})")
    if (dtype := _DTYPES.get(found.dtype)) is None:
        raise VectorFileError(
            f"tensor {printable_name(name)}: dtype {printable_name(found.dtype)} not usable"
        )
    expected, stored = count_elements(name, found.shape) * BYTES_PER[dtype], found.end - found.start
    if stored != expected:
        raise VectorFileError(
            f"tensor data damaged ({printable_name(name)}: {stored} bytes stored, {expected} declared)"
        )
    return dtype, found.shape, found.start, found.end


def _account_for_every_byte(spans: Mapping[str, Span], size: int) -> None:
    at = 0
    for _, _, start, end in sorted(spans.values(), key=lambda span: span[2:]):
        # In order of position, each tensor has to begin where the one before ends.
        if start != at:
            raise VectorFileError("tensor data damaged (tensors overlap or leave a hole)")
        at = end
    if at != size:
        raise VectorFileError(f"tensor data damaged ({at} bytes declared, {size} stored)")


def _read_array(body: memoryview, span: Span) -> Array:
    dtype, shape, start, end = span
    return as_float32(body[start:end], dtype).reshape(shape)


def dump(tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """The bytes the library would write: a header padded to eight bytes, then the float32 data in order."""
    header: dict[str, JsonValue] = {METADATA: dict(sorted(metadata.items()))} if metadata else {}
    at = 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    # Spaces are ignored by JSON and align the data, so that other readers can map it.
    text += b" " * (-len(text) % 8)
    if len(text) > limits.METADATA_BYTES:
        raise VectorFileError(f"the metadata would be larger than {limits.METADATA_LIMIT}")
    body = b"".join(array.astype("<f4", copy=False).tobytes() for array in tensors.values())
    return struct.pack("<Q", len(text)) + text + body
