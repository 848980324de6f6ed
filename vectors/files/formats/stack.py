"""One bare tensor: `[rows, d]` with layers as rows, or a single direction for layers the user names.

persona_vectors saves `[n + 1, d]` in `hidden_states` order (row 0 = embeddings) under recognizable file
names; other tensors are numbered by the model's depth or by `--shift`, and refused without either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from vectors import limits
from vectors.data import carried
from vectors.data.lastbit import Row
from vectors.data.layer_numbers import LayerPlacement, ReadOptions, place_rows, place_stack
from vectors.data.metadata import About
from vectors.data.stored import StoredVector
from vectors.errors import VectorFileError
from vectors.files.containers import torchwrite
from vectors.files.containers.arrays import Array, as_row
from vectors.files.containers.symbols import TensorRef, UnsupportedTensor
from vectors.files.containers.torchfile import TorchFile
from vectors.files.formats import our_metadata

WRITER = "persona"
_PERSONA_NAME = re.compile(r"(.+)_(prompt_avg|response_avg|prompt_last)_diff\.pt")
_AXIS_NAME = re.compile(r".*\baxis\b.*|.*_axis\b.*", re.IGNORECASE)
PERSONA_RULE = (
    "persona_vectors numbers hidden_states, row 0 = embeddings; its last row is after the final norm"
)
AXIS_RULE = "assistant-axis numbers blocks by their output"


def recognizes(tree: Any) -> bool:
    return isinstance(tree, TensorRef | UnsupportedTensor)


def read_torch(file: TorchFile, name: str, choices: ReadOptions) -> StoredVector:
    array = file.array("the tensor", file.tree)
    own = our_metadata.read(file.note)
    if own.get(our_metadata.LAYOUT) != WRITER:
        return read(array, name, choices, "pt")
    rows, _ = nonzero_rows(array)
    stored = StoredVector.from_raw(rows, format=WRITER, about=About.from_strings(own))
    stored = carried.restore_units(stored, own)
    return stored.apply_placement(place_rows(rows, -1, PERSONA_RULE, choices))


def read(array: Array, name: str, choices: ReadOptions, format_name: str) -> StoredVector:
    """Numbered by the named layers, else by the file name, else by the model's depth."""
    if array.ndim > 2 and array.size != array.shape[-1]:
        raise VectorFileError(f"shape {'×'.join(map(str, array.shape))} is neither [d] nor [rows, d]")
    if array.ndim < 2 or array.shape[0] == 1 or array.ndim > 2:
        return _repeat_direction(as_row(0, array), choices, format_name)
    if choices.layers is not None and len(choices.layers) == array.shape[0]:
        rows = {layer: np.ascontiguousarray(array[row]) for row, layer in enumerate(choices.layers)}
        return StoredVector.from_raw(rows, format=format_name, index_rule="row i is the i-th layer you named")
    rows, empty = nonzero_rows(array)
    persona, axis = _PERSONA_NAME.fullmatch(name), _AXIS_NAME.fullmatch(name)
    format_name = WRITER if persona else "axis" if axis else format_name
    stored = StoredVector.from_raw(rows, format=format_name).warn(*empty)
    return stored.apply_placement(_placement(rows, array.shape[0], bool(persona), bool(axis), choices))


def _placement(
    rows: Mapping[int, Row], n_rows: int, persona: bool, axis: bool, choices: ReadOptions
) -> LayerPlacement:
    if choices.n_layers is None and persona:
        return place_rows(rows, -1, f"by its file name: {PERSONA_RULE}", choices)
    if choices.n_layers is None and axis:
        return place_rows(rows, 0, f"by its file name: {AXIS_RULE}", choices)
    return place_stack(rows, n_rows, choices)


def _repeat_direction(row: Row, choices: ReadOptions, format_name: str) -> StoredVector:
    """One direction without a layer, repeated on every layer the user names."""
    if not choices.layers:
        raise VectorFileError(f"one direction of {row.size:,} numbers and no layer: say --layers")
    rows = {layer: row.copy() for layer in choices.layers}
    return StoredVector.from_raw(
        rows, format=format_name, index_rule="one direction on every layer you named"
    )


def nonzero_rows(array: Array) -> tuple[dict[int, Row], tuple[str, ...]]:
    """Rows by number; rows of zeros mean absent layers and are left out."""
    rows = {row: np.ascontiguousarray(array[row]) for row in range(array.shape[0]) if array[row].any()}
    if not rows:
        raise VectorFileError(f"layer 0 has norm 0, and so have all {array.shape[0]} rows")
    empty = array.shape[0] - len(rows)
    return rows, (f"{empty} rows of zeros left out",) if empty else ()


def stack_rows(stored: StoredVector, first: int) -> tuple[Array, tuple[str, ...]]:
    """The `[rows, d]` tensor of a format with a row for every layer; absent layers are zeros."""
    depth, present = stored.about.n_layers or max(stored.layers) + 1, len(stored.layers)
    if not max(stored.layers) < depth <= limits.LAYERS:
        place = f"layer {max(stored.layers)}"
        raise VectorFileError(f"{place} does not fit the {depth:,} layers its model is said to have")
    array = np.zeros((first + depth, stored.hidden_size), np.float32)
    for layer in stored.layers:
        array[first + layer] = stored.raw(layer)
    losses = [f"{depth - present} layers it does not have are rows of zeros"] if depth > present else []
    if stored.about.n_layers is None:
        losses.append(f"the model's depth is unknown: written for {depth} layers")
    return array, tuple(losses)


def write_persona(stored: StoredVector) -> tuple[bytes, tuple[str, ...]]:
    """`[n + 1, d]` with layer L in row L + 1; the embedding row is zero because our vectors have none."""
    array, losses = stack_rows(stored, first=1)
    return torchwrite.dump(array, our_metadata.metadata_record(stored.shift_layers(1), WRITER)), losses
