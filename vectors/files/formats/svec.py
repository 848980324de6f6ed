"""`.svec` of CAST and AISteer360: JSON with one list of numbers per layer.

Read as the output of block L, as ours. CAST itself adds the vector to the *input* of block L, one block
earlier; `--shift -1` reproduces that. AISteer360's planes, heads and positional stacks hold several rows
per layer and are refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from core.byte_sizes import format_bytes
from core.json_values import DuplicateName, JsonValue, unique_names
from vectors import limits
from vectors.data.layer_numbers import ReadOptions, parse_layer_key, place_rows
from vectors.data.metadata import About
from vectors.data.row import Row, raw_rows
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers.arrays import count_elements
from vectors.files.contents import FileContents
from vectors.files.formats import our_metadata
from vectors.files.opening import OpenedFile

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

WRITER = "svec"
OURS = "steertui"
RULE = "directions were read at block L's output; CAST applies them at its input, --shift -1 does the same"


def recognizes(head: bytes) -> bool:
    """JSON text from the first byte on; a safetensors file begins with a length, which holds zero bytes."""
    begin = head[:8]
    return head.lstrip()[:1] == b"{" and all(byte >= 32 or byte in b"\t\n\r" for byte in begin)


def read(source: OpenedFile, choices: ReadOptions) -> FileContents:
    tree = _parse(source)
    directions = tree.get("directions")
    if not isinstance(directions, dict):
        raise VectorFileError("JSON without directions is not a .svec vector")
    if len(directions) > limits.TENSORS:
        raise VectorFileError(f"header claims {len(directions):,} layers, limit {limits.TENSORS:,}")
    rows = {parse_layer_key(key): _row(key, value, tree) for key, value in directions.items()}
    ours = tree.get(OURS)
    own = {key: str(value) for key, value in ours.items()} if isinstance(ours, dict) else {}
    about = About.from_strings(own) if own else _about(tree)
    checked, doubts = our_metadata.stated_rows(raw_rows(rows), own)
    placed = place_rows(rows, 0, RULE, choices)
    return FileContents(checked, WRITER, placed, about, warnings=(*doubts, *placed.warnings))


def _parse(source: OpenedFile) -> dict[str, JsonValue]:
    if source.file_size > limits.TEXT_BYTES:
        raise VectorFileError(
            f"{format_bytes(source.file_size)} of JSON, limit {format_bytes(limits.TEXT_BYTES)}"
        )
    try:
        tree = json.loads(source.data.decode("utf-8"), object_pairs_hook=unique_names)
    except UnicodeDecodeError:
        raise VectorFileError("not UTF-8 text") from None
    except json.JSONDecodeError as problem:
        raise VectorFileError(f"JSON is not valid (line {problem.lineno}, column {problem.colno})") from None
    except DuplicateName as double:
        raise VectorFileError(f"key twice: {printable_name(str(double))}") from None
    except (ValueError, RecursionError):
        raise VectorFileError("JSON is not valid") from None
    if not isinstance(tree, dict):
        raise VectorFileError("JSON without directions is not a .svec vector")
    return tree


def _row(key: str, value: JsonValue, tree: dict[str, JsonValue]) -> Row:
    # AISteer360 nests rows in a list; with only one of them it is a plain direction.
    rows = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    if len(rows) != 1:
        kind = "attention heads" if "num_heads" in tree else "a plane or a positional stack"
        raise VectorFileError(
            f"layer {printable_name(key)} holds {len(rows):,} rows ({kind} of AISteer360); only one is read"
        )
    numbers = rows[0]
    if not isinstance(numbers, list) or not all(type(item) in (int, float) for item in numbers):
        raise VectorFileError(f"layer {printable_name(key)} is not a list of numbers")
    count_elements(key, (len(numbers),))
    try:
        # Overflow gives inf, which the check of the row reports with its layer.
        with np.errstate(over="ignore"):
            return np.array(numbers, np.float64).astype(np.float32)
    except OverflowError:
        raise VectorFileError(f"layer {printable_name(key)} has a number beyond every float") from None


def _about(tree: dict[str, JsonValue]) -> About:
    model_type = tree.get("model_type", "")
    explained = tree.get("explained_variances")
    metrics = {"explained_variances": explained} if isinstance(explained, dict) and explained else {}
    return About(model_type=model_type if isinstance(model_type, str) else "", metrics=metrics)


def write(vector: SteeringVector) -> tuple[bytes, tuple[str, ...]]:
    """IBM's loader needs `explained_variances`; unknown ones are written as 0, with a warning."""
    known = vector.about.metrics.get("explained_variances")
    known = known if isinstance(known, dict) else {}
    variances = {str(layer): known.get(str(layer), 0.0) for layer in vector.layers}
    tree = {
        "model_type": vector.about.model_type,
        "directions": {str(layer): vector.raw(layer).tolist() for layer in vector.layers},
        "explained_variances": variances,
        OURS: our_metadata.metadata_entries(vector),
    }
    unknown = any(str(layer) not in known for layer in vector.layers)
    losses = ("explained variances are unknown: written as 0",) if unknown else ()
    return json.dumps(tree).encode("ascii"), losses
