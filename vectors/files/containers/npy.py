"""numpy's `.npy` and `.npz`; parsing the header here keeps pickled objects and huge shapes from numpy."""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Mapping

from core.byte_sizes import format_bytes
from vectors import limits
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers.arrays import BYTES_PER, Array, as_float32, count_elements
from vectors.files.containers.torchfile import read_record

MAGIC = b"\x93NUMPY"
_DTYPES = {"<f2": "float16", "<f4": "float32", "<f8": "float64"}


def recognizes(head: bytes) -> bool:
    return head.startswith(MAGIC)


def read(data: bytes, label: str = "the array") -> Array:
    """One array as float32; the claimed size is checked against the stored bytes before allocation."""
    descr, fortran, shape, start = _read_header(data)
    if descr not in _DTYPES:
        raise VectorFileError(f"{label}: dtype {printable_name(descr)} not usable")
    claimed = _require_stored(shape, BYTES_PER[_DTYPES[descr]], len(data) - start)
    count_elements(label, shape)
    numbers = as_float32(memoryview(data)[start : start + claimed], _DTYPES[descr])
    return numbers.reshape(shape, order="F" if fortran else "C")


def read_texts(data: bytes, label: str = "the array") -> list[str]:
    """A list of texts, as numpy stores them: four bytes a character, all texts of one width."""
    descr, _, shape, start = _read_header(data)
    kind = re.fullmatch(r"<U([1-9][0-9]{0,6})", descr)
    if kind is None or len(shape) != 1:
        raise VectorFileError(f"{label}: expected one row of texts (numpy's <U), not {printable_name(descr)}")
    width = 4 * int(kind[1])
    claimed = _require_stored(shape, width, len(data) - start)
    count_elements(label, shape)
    try:
        # numpy fills a shorter text with null characters, and drops them when it reads.
        return [
            data[place : place + width].decode("utf-32-le").rstrip("\0")
            for place in range(start, start + claimed, width)
        ]
    except UnicodeDecodeError:
        raise VectorFileError(f"{label}: holds what is no text") from None


def _read_header(data: bytes) -> tuple[str, bool, tuple[int, ...], int]:
    """dtype, whether columns come first, shape, and where the numbers begin."""
    # The header's length has two bytes in version 1 of the format and four in later ones.
    size_at, header_at = (8, 10) if data[6:7] == b"\x01" else (8, 12)
    length = int.from_bytes(data[size_at:header_at], "little")
    if len(data) < header_at + min(length, limits.METADATA_BYTES) or length > limits.METADATA_BYTES:
        raise VectorFileError(f"file is truncated ({len(data):,} bytes)")
    descr, fortran, shape = _parse_header(data[header_at : header_at + length])
    if "O" in descr:
        raise VectorFileError("object arrays are code, not loaded")
    return descr, fortran, shape, header_at + length


def _require_stored(shape: tuple[int, ...], width: int, stored: int) -> int:
    """The bytes that the shape claims; raises where fewer are stored."""
    claimed = _claimed_bytes(shape, width)
    if claimed > stored:
        raise VectorFileError(f"header claims {format_bytes(claimed)}, {format_bytes(stored)} stored")
    return claimed


def _parse_header(text: bytes) -> tuple[str, bool, tuple[int, ...]]:
    try:
        # Only a short header is parsed: deep nesting could exhaust the parser.
        fields = ast.literal_eval(text.decode("latin-1").strip()) if len(text) < 4096 else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or fields.keys() != {"descr", "fortran_order", "shape"}:
        raise VectorFileError("its numpy header is not valid")
    descr, fortran, shape = fields["descr"], fields["fortran_order"], fields["shape"]
    if not isinstance(shape, tuple) or not all(type(extent) is int and extent >= 0 for extent in shape):
        raise VectorFileError("its numpy header is not valid")
    return str(descr), bool(fortran), shape


def _claimed_bytes(shape: tuple[int, ...], width: int) -> int:
    claimed = width
    # numpy allows no more axes, and the product of thousands would be an enormous integer.
    for extent in shape[:64]:
        claimed *= extent
    return claimed


def read_archive(archive: zipfile.ZipFile) -> Mapping[str, Array]:
    """Every array of an `.npz` by name."""
    return {
        name.removesuffix(".npy"): read(read_npy_record(archive, name), printable_name(name))
        for name in archive.namelist()
    }


def read_npy_record(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of a record that is a numpy array."""
    data = read_record(archive, name) if name.endswith(".npy") else b""
    if not recognizes(data):
        raise VectorFileError(f"record {printable_name(name)} is not a numpy array")
    return data
