"""Exact round trips between unit rows and raw rows.

unit × norm rounds, and so does raw / norm, so a conversion there and back may change the last bit. The
difference is a few float32 steps of ±1, stored beside the vector so that a conversion loses nothing.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float32]
UNIT_TOLERANCE = 5e-7


def row_norm(row: Row) -> float:
    """‖row‖, the same on every machine: float32 squares are exact in float64 and `fsum` adds them exactly."""
    return math.sqrt(math.fsum(np.square(row.astype(np.float64)).tolist()))


def split_norm(row: Row) -> tuple[Row, float]:
    """A raw row as unit direction and norm; a row that is already unit keeps its bits and has norm 1."""
    norm = row_norm(row)
    if abs(norm - 1.0) <= UNIT_TOLERANCE:
        return row, 1.0
    return (row.astype(np.float64) / norm).astype(np.float32), norm


def join_norm(unit: Row, norm: float) -> Row:
    """The raw row of a unit direction and its norm, rounded once."""
    return unit if norm == 1.0 else (unit.astype(np.float64) * norm).astype(np.float32)


def encode_steps(target: Row, base: Row) -> str | None:
    """The float32 steps from `base` to `target`, as text; None when they are equal.

    Zigzag coding in byte planes: nearly all steps are 0 or ±1, so three of four planes are zeros and
    compress well.
    """
    apart = target.view(np.int32) - base.view(np.int32)
    if not apart.any():
        return None
    planes = ((apart << 1) ^ (apart >> 31)).astype("<u4").view(np.uint8).reshape(-1, 4).T
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii")


def apply_steps(base: Row, text: str) -> Row | None:
    """`base` moved by the stored steps, or None when the text does not fit it."""
    try:
        planes = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), 4 * base.size)
    except (binascii.Error, ValueError, zlib.error):
        return None
    if len(planes) != 4 * base.size:
        return None
    zigzag = np.ascontiguousarray(np.frombuffer(planes, np.uint8).reshape(4, -1).T).view("<u4")[:, 0]
    apart = (zigzag >> 1).astype(np.int32) ^ -(zigzag & 1).astype(np.int32)
    return (base.view(np.int32) + apart).view(np.float32)
