"""The header of a safetensors file: eight bytes of length, then JSON that places every tensor behind it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from core.errors import ModelError
from core.files import open_regular
from core.json_values import JsonValue, unique_names

LENGTH_BYTES = 8
MOST_BYTES = 100 * 2**20
METADATA = "__metadata__"


@dataclass(frozen=True)
class TensorEntry:
    """Type, shape and place of one tensor; `start` and `end` count from the first byte after the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class SafetensorsHeader:
    """`text` is the JSON as stored; the tensors' data begins at byte `data_start`."""

    tensors: dict[str, TensorEntry]
    text: bytes

    @property
    def data_start(self) -> int:
        return LENGTH_BYTES + len(self.text)


def read_header(path: Path) -> SafetensorsHeader:
    """The header of a weights file, checked against the file's length; raises ModelError."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            length = parse_length(file.read(LENGTH_BYTES))
            # Before reading: a damaged length must not make us allocate that much.
            if length > min(MOST_BYTES, size - LENGTH_BYTES):
                raise ModelError(
                    f"{path}: its header claims {length} bytes, the file has {size}: damaged or truncated"
                )
            text = file.read(length)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    try:
        entries = parse_json(text)
        tensors = {name: parse_entry(entry) for name, entry in entries.items() if name != METADATA}
    except ValueError:
        raise ModelError(f"{path}: its header is not valid") from None
    header = SafetensorsHeader(tensors, text)
    stored, declared = size - header.data_start, max((entry.end for entry in tensors.values()), default=0)
    # The last tensor ends where the file ends; anything else is a cut or damaged file.
    if declared != stored:
        raise ModelError(
            f"{path}: {stored} bytes of weights stored, {declared} declared: damaged or truncated"
        )
    return header


def parse_length(head: bytes) -> int:
    """The length of the JSON, from the beginning of a file."""
    return int.from_bytes(head[:LENGTH_BYTES], "little")


def parse_json(text: bytes) -> dict[str, JsonValue]:
    """The header's object; raises ValueError, and DuplicateName for a name that stands twice."""
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=unique_names)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def parse_entry(entry: JsonValue) -> TensorEntry:
    """One tensor's entry; raises ValueError unless its type, shape and offsets are valid."""
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        raise ValueError("not a tensor's entry")
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    if not _is_count_list(shape) or not _is_count_list(offsets) or len(offsets) != 2:
        raise ValueError("not a tensor's shape and place")
    if offsets[0] > offsets[1]:
        raise ValueError("a tensor that ends before it begins")
    return TensorEntry(entry["dtype"], tuple(shape), *offsets)


def _is_count_list(value: JsonValue) -> TypeGuard[list[int]]:
    # Not isinstance: a JSON true is an int in Python.
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)
