"""Conversion of a file's numbers to float32 rows; non-float types are refused by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vectors import limits
from vectors.data.row import Row
from vectors.errors import VectorFileError, printable_name

Array = NDArray[np.float32]
BYTES_PER = {"bfloat16": 2, "float16": 2, "float32": 4, "float64": 8}
_NUMPY = {"float16": "<f2", "float32": "<f4", "float64": "<f8"}


def count_elements(name: str, shape: tuple[int, ...]) -> int:
    """Number of elements; raises if over the limit, before anything of that size is allocated."""
    count = 1
    for extent in shape:
        count *= extent
        # After each axis, so that the product of a hostile shape is never computed.
        if count > limits.ELEMENTS:
            claimed, limit = (
                limits.format_count(_saturated_product(shape)),
                limits.format_count(limits.ELEMENTS),
            )
            raise VectorFileError(f"tensor {printable_name(name)} has {claimed} elements, limit {limit}")
    return count


def _saturated_product(shape: tuple[int, ...]) -> int:
    count = 1
    for extent in shape[:16]:
        count = min(count * extent, 1 << 70)
    return count


def as_float32(data: bytes | memoryview, dtype: str) -> Array:
    """Little-endian floats of the given type as a new flat float32 array."""
    if dtype == "bfloat16":
        # bfloat16 is the upper half of a float32.
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):  # overflow gives inf, which `require_direction` reports
        return np.frombuffer(data, _NUMPY[dtype]).astype(np.float32)


def as_row(layer: int, array: Array) -> Row:
    """One layer's tensor as a row; leading axes of length one are dropped, other shapes are refused."""
    if array.size == 0:
        raise VectorFileError(f"layer {layer} is empty")
    squeezed = array.reshape(-1) if array.ndim and array.size == array.shape[-1] else array
    if squeezed.ndim != 1:
        shape = "×".join(map(str, array.shape)) or "a single number"
        raise VectorFileError(f"layer {layer} has shape {shape}, expected one row")
    return np.ascontiguousarray(squeezed)
