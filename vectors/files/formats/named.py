"""Arrays named after layers in safetensors or `.npz`: `layer.5`, `layers.5`, `5`, `layer5.v`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vectors.data.layer_numbers import ReadOptions, parse_layer_key, place_rows
from vectors.data.row import raw_rows
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers.arrays import Array, as_row
from vectors.files.contents import FileContents

_KEY = re.compile(r"(?:(?:layers?|blocks?|direction|h|l)[._-]?)?(-?\w+?)", re.IGNORECASE)
_STEERING_LITE = re.compile(r"layer(\d{1,6})\.v")
RULE = "names taken as block numbers; nothing in the file says more"
LITE_RULE = "steering-lite numbers blocks from 0 by their output"


def read(arrays: Mapping[str, Array], choices: ReadOptions, format_name: str) -> FileContents:
    # One such name marks the file; tensors of its other methods are then refused, not misread.
    lite = any(_STEERING_LITE.fullmatch(name) for name in arrays)
    rows = {}
    for name, array in arrays.items():
        layer = _lite_layer(name) if lite else _layer(name)
        if layer in rows:
            raise VectorFileError(f"layer {layer} twice: {printable_name(name)}")
        rows[layer] = as_row(layer, array)
    checked = raw_rows(rows)
    placed = place_rows(rows, 0, LITE_RULE if lite else RULE, choices)
    return FileContents(checked, "steering-lite" if lite else format_name, placed, warnings=placed.warnings)


def _layer(name: str) -> int:
    found = _KEY.fullmatch(name)
    if not found or not any(char.isdigit() for char in name):
        raise VectorFileError(f"tensor name not a layer key: {printable_name(name)}")
    return parse_layer_key(found[1])


def _lite_layer(name: str) -> int:
    found = _STEERING_LITE.fullmatch(name)
    if not found:
        raise VectorFileError(
            f"tensor {printable_name(name)} is of a steering-lite method other than a plain direction (v)"
        )
    return int(found[1])
