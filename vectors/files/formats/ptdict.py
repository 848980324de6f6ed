"""A dictionary from layer to tensor in a `.pt`: block numbers, or `hidden_states` numbers (0 = embeddings).

Both are in use and look alike. Keys are taken as block numbers unless a model shows that the last one has
no block. A saved `layer_activations` dictionary of steering-vectors is the same, one level down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectors.data.layer_numbers import LayerPlacement, ReadOptions, parse_layer_key, place_rows
from vectors.data.metadata import About
from vectors.data.row import Row, raw_rows
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers import torchwrite
from vectors.files.containers.arrays import as_row
from vectors.files.containers.symbols import PickleValue, TensorRef, UnsupportedTensor
from vectors.files.containers.torchfile import TorchFile
from vectors.files.contents import FileContents
from vectors.files.formats import our_metadata

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

WRITER = "pt-dict"
ACTIVATIONS = "layer_activations"
BLOCK_RULE = "keys taken as block numbers (hook_resid_post)"
STATES_RULE = "key {last} has no block in a model of {blocks}: hidden_states order, 0 = embeddings"
QUESTION = "keys 0 … {last} could also be hidden_states numbers with the embeddings as 0: then --shift -1"


def recognizes(tree: PickleValue) -> bool:
    if isinstance(tree, dict) and isinstance(tree.get(ACTIVATIONS), dict):
        return True
    # One tensor is enough: a value that is none is refused later, with the name of its layer.
    return (
        isinstance(tree, dict)
        and bool(tree)
        and all(_is_layer(key) for key in tree)
        and any(map(_is_tensor, tree.values()))
    )


def _is_layer(key: str | int) -> bool:
    return type(key) is int or (isinstance(key, str) and key.removeprefix("-").isdigit())


def _is_tensor(value: PickleValue) -> bool:
    return isinstance(value, TensorRef | UnsupportedTensor)


def read(file: TorchFile, name: str, choices: ReadOptions) -> FileContents:
    tree, format_name = file.entries, WRITER
    if isinstance(inner := tree.get(ACTIVATIONS), dict):
        kind = tree.get("layer_type", "decoder_block")
        if kind != "decoder_block":
            raise VectorFileError(f"site {printable_name(kind)} not usable, only decoder_block")
        tree, format_name = inner, ACTIVATIONS
    rows = {}
    for key, leaf in tree.items():
        layer = parse_layer_key(str(key))
        rows[layer] = as_row(layer, file.array(f"layer {layer}", leaf))
    own = our_metadata.read(file.note)
    checked, doubts = our_metadata.stated_rows(raw_rows(rows), own)
    placed, about = _placement(rows, bool(own), choices), About.from_strings(own)
    return FileContents(checked, format_name, placed, about, warnings=(*doubts, *placed.warnings))


def _placement(rows: dict[int, Row], ours: bool, choices: ReadOptions) -> LayerPlacement:
    last, blocks = max(rows), choices.n_layers
    # A key equal to the number of blocks shows that 0 means the embeddings.
    if blocks is not None and last == blocks:
        return place_rows(rows, -1, STATES_RULE.format(last=last, blocks=blocks), choices)
    placed = place_rows(rows, 0, BLOCK_RULE, choices)
    # Both numberings stay possible if key 0 exists and neither the model nor the caller decides.
    doubtful = not ours and blocks is None and choices.shift is None and 0 in rows
    if not doubtful:
        return placed
    return LayerPlacement(placed.layers, placed.rule, warnings=(*placed.warnings, QUESTION.format(last=last)))


def write(vector: SteeringVector) -> tuple[bytes, tuple[str, ...]]:
    """Write the raw rows; a warning is returned if they are not unit, as programs that cap expect."""
    rows = {layer: vector.raw(layer) for layer in vector.layers}
    long = any(abs(norm - 1.0) > 0.01 for norm in vector.norms.values())
    losses = ("rows are not unit; programs that cap with such files expect unit rows",) if long else ()
    return torchwrite.dump(rows, our_metadata.metadata_record(vector, WRITER)), losses
