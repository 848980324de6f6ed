"""Corrections of a last bit: the float32 steps between a row computed from a file's numbers and the one meant.

Only vectors whose directions do not follow from their raw rows need them: those of older files and multiples.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping

import numpy as np

from vectors.data.metadata import json_object
from vectors.data.row import Row
from vectors.errors import VectorFileError

AGREEMENT = 1e-5
FAST = 1  # the steps are nearly all 0 or ±1: more effort saves little and takes seconds on a large vector


def encode_steps(target: Row, base: Row) -> str | None:
    """The float32 steps from `base` to `target`, as text; None when they are equal.

    Zigzag coding in byte planes: nearly all steps are 0 or ±1, so three of four planes are zeros and
    compress well.
    """
    if np.array_equal(target.view(np.int32), base.view(np.int32)):
        return None
    # As integers, the bit patterns of neighbouring floats of one sign differ by 1.
    apart = target.view(np.int32) - base.view(np.int32)
    # Zigzag: 0, −1, 1, −2 … become 0, 1, 2, 3 …, so the high bytes of small negative steps are 0 too.
    planes = ((apart << 1) ^ (apart >> 31)).astype("<u4").view(np.uint8).reshape(-1, 4).T
    return base64.b64encode(zlib.compress(planes.tobytes(), FAST)).decode("ascii")


def apply_steps(base: Row, text: str) -> Row | None:
    """`base` moved by the stored steps, or None when the text does not fit it."""
    try:
        # The size is bounded before anything is inflated: the text comes from a file.
        planes = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), 4 * base.size)
    except (binascii.Error, ValueError, zlib.error):
        return None
    if len(planes) != 4 * base.size:
        return None
    zigzag = np.ascontiguousarray(np.frombuffer(planes, np.uint8).reshape(4, -1).T).view("<u4")[:, 0]
    apart = (zigzag >> 1).astype(np.int32) ^ -(zigzag & 1).astype(np.int32)
    return (base.view(np.int32) + apart).view(np.float32)


def corrected_rows(rows: Mapping[int, Row], entries: Mapping[str, str], key: str) -> dict[int, Row]:
    """The rows that the steps under a metadata key move, moved; steps that do not fit a row are refused."""
    if key not in entries:
        return {}
    moved = {}
    for layer, text in json_object(key, entries[key]).items():
        # The keys come from a file: a number is parsed only after its digits and length were checked.
        row = rows.get(int(layer)) if layer.isdecimal() and len(layer) < 7 else None
        corrected = apply_steps(row, text) if row is not None and isinstance(text, str) else None
        if row is None or corrected is None or not _is_rounding_error(corrected, row):
            raise VectorFileError(f"metadata {key!r} does not fit layer {layer[:8]!r}")
        moved[int(layer)] = corrected
    return moved


def _is_rounding_error(moved: Row, row: Row) -> bool:
    """Whether a correction only fixes rounding; it must never replace the vector by another one."""
    return bool(np.allclose(moved, row, rtol=0.0, atol=AGREEMENT * float(np.abs(row).max())))
