"""assistant-axis capping configs: for each experiment, one vector and one ceiling per layer.

A projection above the ceiling is pulled down to it. The sign of the stored vector is kept, since the cap
applies to its own projection; the ceilings are read as a preset.
"""

from __future__ import annotations

import math
from typing import TypeVar

from vectors.data.layer_numbers import ReadOptions, place_rows
from vectors.data.metadata import About
from vectors.data.row import raw_rows
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers.arrays import as_row
from vectors.files.containers.symbols import PickleDict, PickleValue
from vectors.files.containers.torchfile import TorchFile
from vectors.files.contents import FileContents
from vectors.files.formats.stack import AXIS_RULE

T = TypeVar("T")
Intervention = tuple[int, PickleValue, float]  # layer, tensor, ceiling
DAMAGED = "its capping config is not laid out as vectors and experiments"


def recognizes(tree: PickleValue) -> bool:
    return isinstance(tree, dict) and "vectors" in tree and "experiments" in tree


def read(file: TorchFile, name: str, choices: ReadOptions) -> FileContents:
    """One experiment: the requested one, else the first; the card lists all."""
    experiments = _experiments(file.entries)
    chosen = choices.part if choices.part is not None else next(iter(experiments))
    if chosen not in experiments:
        raise VectorFileError(
            f"no experiment {printable_name(chosen)} (it has {', '.join(map(printable_name, experiments))})"
        )
    rows, ceilings = {}, {}
    for layer, leaf, cap in experiments[chosen]:
        if layer in rows:
            raise VectorFileError(
                f"experiment {printable_name(chosen)} caps layer {layer} twice; one vector per layer is read"
            )
        rows[layer] = as_row(layer, file.array(f"layer {layer}", leaf))
        ceilings[layer] = cap
    about = About(name=chosen, method="capping config", sign_note="the projection is kept below the ceiling")
    parts = tuple(map(printable_name, experiments))
    checked, placed = raw_rows(rows), place_rows(rows, 0, AXIS_RULE, choices)
    return FileContents(checked, "capping", placed, about, placed.warnings, parts, ceilings)


def _experiments(tree: PickleDict) -> dict[str, list[Intervention]]:
    vectors, experiments = tree["vectors"], tree["experiments"]
    if not isinstance(vectors, dict) or not isinstance(experiments, list) or not experiments:
        raise VectorFileError(DAMAGED)
    return {str(_field(one, "id", str)): _interventions(one, vectors) for one in experiments}


def _interventions(experiment: PickleValue, vectors: PickleDict) -> list[Intervention]:
    steps = _field(experiment, "interventions", list)
    if not steps:
        raise VectorFileError(f"experiment {printable_name(_field(experiment, 'id', str))} caps nothing")
    return [(*_vector(vectors, _field(step, "vector", str)), _cap(step)) for step in steps]


def _vector(vectors: PickleDict, name: str) -> tuple[int, PickleValue]:
    entry = _field(vectors, name, dict)
    layer = _field(entry, "layer", int)
    if layer < 0 or "vector" not in entry:
        raise VectorFileError(DAMAGED)
    return layer, entry["vector"]


def _cap(step: PickleDict) -> float:
    cap = step.get("cap")
    if isinstance(cap, bool) or not isinstance(cap, int | float) or not math.isfinite(cap):
        raise VectorFileError("a cap in it is not a finite number")
    return float(cap)


def _field(entry: PickleValue, key: str, kind: type[T]) -> T:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, kind):
        raise VectorFileError(DAMAGED)
    return value
