"""One bare tensor: `[rows, d]` with layers as rows, or a single direction for layers the user names.

persona_vectors saves `[n + 1, d]` in `hidden_states` order (row 0 = embeddings) under recognizable file
names; other tensors are numbered by the model's depth or by `--shift`, and refused without either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from vectors import limits
from vectors.data.layer_numbers import LayerPlacement, ReadOptions, place_rows, place_stack
from vectors.data.metadata import About
from vectors.data.row import Row, raw_rows
from vectors.errors import VectorFileError
from vectors.files.containers import torchwrite
from vectors.files.containers.arrays import Array, as_row
from vectors.files.containers.symbols import PickleValue, TensorRef, UnsupportedTensor
from vectors.files.containers.torchfile import TorchFile
from vectors.files.contents import FileContents
from vectors.files.formats import our_metadata

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

WRITER = "persona"
_PERSONA_NAME = re.compile(r"(.+)_(prompt_avg|response_avg|prompt_last)_diff\.pt")
_AXIS_NAME = re.compile(r".*\baxis\b.*|.*_axis\b.*", re.IGNORECASE)
PERSONA_RULE = (
    "persona_vectors numbers hidden_states, row 0 = embeddings; its last row is after the final norm"
)
AXIS_RULE = "assistant-axis numbers blocks by their output"


def recognizes(tree: PickleValue) -> bool:
    return isinstance(tree, TensorRef | UnsupportedTensor)


def read_torch(file: TorchFile, name: str, choices: ReadOptions) -> FileContents:
    array = file.array("the tensor", file.tree)
    own = our_metadata.read(file.note)
    if own.get(our_metadata.LAYOUT) != WRITER:
        return read(array, name, choices, "pt")
    rows, _ = nonzero_rows(array)
    checked, doubts = our_metadata.stated_rows(raw_rows(rows), own)
    placed, about = place_rows(rows, -1, PERSONA_RULE, choices), About.from_strings(own)
    return FileContents(checked, WRITER, placed, about, warnings=(*doubts, *placed.warnings))


def read(array: Array, name: str, choices: ReadOptions, format_name: str) -> FileContents:
    """Numbered by the named layers, else by the file name, else by the model's depth."""
    if array.ndim > 2 and array.size != array.shape[-1]:
        raise VectorFileError(f"shape {'×'.join(map(str, array.shape))} is neither [d] nor [rows, d]")
    # By the check above, more than two axes hold a single row here.
    if array.ndim < 2 or array.shape[0] == 1 or array.ndim > 2:
        return _repeat_direction(as_row(0, array), choices, format_name)
    # As many layers named as there are rows: the caller says which is which.
    if choices.layers is not None and len(choices.layers) == array.shape[0]:
        rows = {layer: np.ascontiguousarray(array[row]) for row, layer in enumerate(choices.layers)}
        return _named_layers(rows, format_name, "row i is the i-th layer you named")
    rows, empty = nonzero_rows(array)
    persona, axis = _PERSONA_NAME.fullmatch(name), _AXIS_NAME.fullmatch(name)
    format_name = WRITER if persona else "axis" if axis else format_name
    checked = raw_rows(rows)
    placed = _placement(rows, array.shape[0], bool(persona), bool(axis), choices)
    return FileContents(checked, format_name, placed, warnings=(*empty, *placed.warnings))


def _placement(
    rows: Mapping[int, Row], n_rows: int, persona: bool, axis: bool, choices: ReadOptions
) -> LayerPlacement:
    # A file's name is weak evidence: it counts only where no model's depth is known.
    if choices.n_layers is None and persona:
        return place_rows(rows, -1, f"by its file name: {PERSONA_RULE}", choices)
    if choices.n_layers is None and axis:
        return place_rows(rows, 0, f"by its file name: {AXIS_RULE}", choices)
    return place_stack(rows, n_rows, choices)


def _repeat_direction(row: Row, choices: ReadOptions, format_name: str) -> FileContents:
    """One direction without a layer, repeated on every layer the user names."""
    if not choices.layers:
        raise VectorFileError(f"one direction of {row.size:,} numbers and no layer: say --layers")
    rows = {layer: row.copy() for layer in choices.layers}
    return _named_layers(rows, format_name, "one direction on every layer you named")


def _named_layers(rows: Mapping[int, Row], format_name: str, rule: str) -> FileContents:
    return FileContents(raw_rows(rows), format_name, LayerPlacement({layer: layer for layer in rows}, rule))


def nonzero_rows(array: Array) -> tuple[dict[int, Row], tuple[str, ...]]:
    """Rows by number; rows of zeros mean absent layers and are left out."""
    rows = {row: np.ascontiguousarray(array[row]) for row in range(array.shape[0]) if array[row].any()}
    if not rows:
        raise VectorFileError(f"layer 0 has norm 0, and so have all {array.shape[0]} rows")
    empty = array.shape[0] - len(rows)
    return rows, (f"{empty} rows of zeros left out",) if empty else ()


def stack_rows(vector: SteeringVector, first: int) -> tuple[Array, tuple[str, ...]]:
    """The `[rows, d]` tensor of a format with a row for every layer; absent layers are zeros."""
    depth, present = vector.about.n_layers or max(vector.layers) + 1, len(vector.layers)
    if not max(vector.layers) < depth <= limits.LAYERS:
        place = f"layer {max(vector.layers)}"
        raise VectorFileError(f"{place} does not fit the {depth:,} layers its model is said to have")
    array = np.zeros((first + depth, vector.hidden_size), np.float32)
    for layer in vector.layers:
        array[first + layer] = vector.raw(layer)
    losses = [f"{depth - present} layers it does not have are rows of zeros"] if depth > present else []
    if vector.about.n_layers is None:
        losses.append(f"the model's depth is unknown: written for {depth} layers")
    return array, tuple(losses)


def write_persona(vector: SteeringVector) -> tuple[bytes, tuple[str, ...]]:
    """`[n + 1, d]` with layer L in row L + 1; the embedding row is zero because our vectors have none."""
    array, losses = stack_rows(vector, first=1)
    # Metadata by layer is stored under the row numbers of the file, as readers expect it.
    shifted = vector.renumber({layer: layer + 1 for layer in vector.layers})
    return torchwrite.dump(array, our_metadata.metadata_record(shifted, WRITER)), losses
