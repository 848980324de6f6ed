"""numpy's `.npy` and `.npz`; parsing the header here keeps pickled objects and huge shapes from numpy."""

from __future__ import annotations

import ast
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
    # The header's length has two bytes in version 1 of the format and four in later ones.
    size_at, header_at = (8, 10) if data[6:7] == b"\x01" else (8, 12)
    length = int.from_bytes(data[size_at:header_at], "little")
    if len(data) < header_at + min(length, limits.METADATA_BYTES) or length > limits.METADATA_BYTES:
        raise VectorFileError(f"file is truncated ({len(data):,} bytes)")
    descr, fortran, shape = _parse_header(data[header_at : header_at + length])
    if "O" in descr:
        raise VectorFileError("object arrays are code, not loaded")
    if descr not in _DTYPES:
        raise VectorFileError(f"{label}: dtype {printable_name(descr)} not usable")
    claimed, stored = _claimed_bytes(shape, BYTES_PER[_DTYPES[descr]]), len(data) - header_at - length
    if claimed > stored:
        raise VectorFileError(f"header claims {format_bytes(claimed)}, {format_bytes(stored)} stored")
    count_elements(label, shape)
    numbers = as_float32(memoryview(data)[header_at + length : header_at + length + claimed], _DTYPES[descr])
    return numbers.reshape(shape, order="F" if fortran else "C")


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
    arrays = {}
    for name in archive.namelist():
        if not name.endswith(".npy"):
            raise VectorFileError(f"record {printable_name(name)} is not a numpy array")
        data = read_record(archive, name)
        if not recognizes(data):
            raise VectorFileError(f"record {printable_name(name)} is not a numpy array")
        arrays[name.removesuffix(".npy")] = read(data, printable_name(name))
    return arrays
