"""assistant-axis: `{"axis": [n, d], "metadata": …}`, mean of the default assistant minus role-play."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectors.data.layer_numbers import ReadOptions, place_rows, place_stack
from vectors.data.metadata import About
from vectors.data.row import raw_rows
from vectors.errors import VectorFileError
from vectors.files.containers import torchwrite
from vectors.files.containers.symbols import PickleValue
from vectors.files.containers.torchfile import TorchFile
from vectors.files.contents import FileContents
from vectors.files.formats import our_metadata
from vectors.files.formats.stack import AXIS_RULE, nonzero_rows, stack_rows

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

WRITER = "axis"
SIGN = "+ = toward the default assistant"


def recognizes(tree: PickleValue) -> bool:
    return isinstance(tree, dict) and "axis" in tree


def read(file: TorchFile, name: str, choices: ReadOptions) -> FileContents:
    array = file.array("axis", file.entries["axis"])
    if array.ndim != 2:
        raise VectorFileError(f"axis has {array.ndim} axes, expected [layers, d]")
    rows, empty = nonzero_rows(array)
    own = our_metadata.read(file.note)
    about = About.from_strings(own) if own else _about(file.entries.get("metadata"))
    checked, doubts = our_metadata.stated_rows(raw_rows(rows), own)
    # A row count that contradicts the model's depth overrides the format's rule.
    other_depth = choices.n_layers is not None and choices.n_layers != array.shape[0]
    placed = (
        place_stack(rows, array.shape[0], choices) if other_depth else place_rows(rows, 0, AXIS_RULE, choices)
    )
    # Our writer puts zero rows for absent layers; in other files they are worth a warning.
    warnings = (*doubts, *placed.warnings, *(() if own else empty))
    return FileContents(checked, WRITER, placed, about, warnings)


def _about(metadata: PickleValue) -> About:
    entries = metadata if isinstance(metadata, dict) else {}
    stated = (entries.get(key) for key in ("model_id", "model_name", "model"))
    model = next((name for name in stated if isinstance(name, str)), "")
    return About(model_id=model, sign_note=SIGN)


def write(vector: SteeringVector) -> tuple[bytes, tuple[str, ...]]:
    array, losses = stack_rows(vector, first=0)
    metadata = {
        "model_name": vector.about.model_id,
        "name": vector.about.name,
        "sign": vector.about.sign_note,
    }
    known = {key: value for key, value in metadata.items() if value}
    tree: dict[str, torchwrite.Tree] = {"axis": array, "metadata": known}
    return torchwrite.dump(tree, our_metadata.metadata_record(vector, WRITER)), losses
