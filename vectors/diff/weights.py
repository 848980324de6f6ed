"""Two checkpoints compared matrix by matrix: a job with one keyed task per matrix, so it can resume."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from core.errors import BadInput
from core.jobs.job import Cell, Job, Progress, Row, worker_task
from core.json_values import JsonValue
from vectors.data.report_values import Report, number_at
from vectors.diff.change import WeightChange
from vectors.diff.checkpoint import Checkpoint, require_same_width, shared_rows
from vectors.diff.matrix import SpectrumOptions, compare_matrix
from vectors.diff.memory_peak import MemoryPeak
from vectors.diff.residual_axis import ResidualAxis, compared_layer, locate_matrix
from vectors.errors import VectorFileError
from vectors.vector import SteeringVector


@dataclass(frozen=True)
class MatchedMatrix:
    """One tensor that both checkpoints have, and its place in the model."""

    name: str
    residual_side: ResidualAxis
    change: WeightChange


@dataclass(frozen=True)
class MatrixList:
    """The matrices to compare, and those left out with the reasons."""

    matched: tuple[MatchedMatrix, ...]
    warnings: tuple[str, ...]
    only_base: tuple[str, ...]
    only_tuned: tuple[str, ...]


def match_matrices(base: Checkpoint, tuned: Checkpoint, modules: str = "*") -> MatrixList:
    """Match tensors by name; `modules` is a pattern such as `*o_proj*`."""
    require_same_width(base, tuned)
    shared = [name for name in base.weights if name in tuned.weights]
    if not shared:
        raise BadInput(f"{base.name} and {tuned.name} have no tensor in common")
    selected = [name for name in shared if fnmatch.fnmatch(name, modules)]
    if not selected:
        raise BadInput(f"no tensor is called {modules!r}; the first is {shared[0]}")
    matched, warnings = [], []
    for name in sorted(selected, key=_natural_order):
        match = _match(name, base, tuned)
        matched += [match] if isinstance(match, MatchedMatrix) else []
        warnings += [match] if isinstance(match, str) else []
    extra = [
        f"{name}: not a floating-point tensor" for name in sorted({*base.other_dtypes, *tuned.other_dtypes})
    ]
    only = [tuple(sorted(set(a.weights) - set(b.weights))) for a, b in ((base, tuned), (tuned, base))]
    vocabulary = [_vocabulary_note(one) for one in matched if one.change.rows is not None]
    return MatrixList(tuple(matched), (*warnings, *vocabulary, *extra), only[0], only[1])


def weight_diff(
    base: Checkpoint,
    tuned: Checkpoint,
    vector: SteeringVector | None,
    depth: SpectrumOptions,
    modules: str = "*",
) -> Job:
    """Yields a row per matrix and a cell per aligned matrix; returns the report."""
    if vector is not None and vector.hidden_size != base.hidden_size:
        raise VectorFileError(
            f"{vector.about.name or 'vector'} has {vector.hidden_size} dimensions, {base.name} {base.hidden_size}"
        )
    matrices, memory, rows = match_matrices(base, tuned, modules), MemoryPeak(), {}
    for number, matrix in enumerate(matrices.matched, start=1):
        facts = yield worker_task(partial(_compare_one, matrix, vector, depth, memory), key=matrix.name)
        rows[matrix.name] = facts
        yield Row("modules", matrix.name, facts)
        if facts.get("cosines"):
            yield Cell(
                "cosine with the vector",
                str(matrix.residual_side.layer),
                matrix.residual_side.module,
                facts["cosines"]["top1"],
            )
        yield Progress(number, len(matrices.matched), "matrices")
    return {
        "base": base.name,
        "tuned": tuned.name,
        "vector": vector.about.name if vector is not None else None,
        "modules": rows,
        "layers": layer_totals(matrices, rows),
        "only_base": list(matrices.only_base),
        "only_tuned": list(matrices.only_tuned),
        "warnings": list(matrices.warnings),
        "bytes_read": sum(row["bytes_read"] for row in rows.values()),
        "peak_anon": memory.grown_bytes,
        "null": random_baseline(vector),
    }


@dataclass
class LayerSums:
    """Squared norms of one block's matrices, and the strongest alignment of its writers."""

    change: float = 0.0
    base: float = 0.0
    top1: float | None = None
    energy: float | None = None


def layer_totals(matrices: MatrixList, rows: Mapping[str, Report]) -> dict[str, dict[str, float | None]]:
    """Per block: the norm over its matrices, and the strongest alignment of its writers."""
    layers: dict[str, LayerSums] = {}
    for matrix in matrices.matched:
        if matrix.residual_side.layer is None:
            continue
        row = rows[matrix.name]
        sums = layers.setdefault(str(matrix.residual_side.layer), LayerSums())
        # Norms of several matrices add up in squares.
        sums.change += number_at(row, "norm") ** 2
        sums.base += number_at(row, "base_norm") ** 2
        # Writers only: what a block reads is compared with the layer below.
        cosines, energy = row.get("cosines"), row.get("energy")
        if cosines and isinstance(cosines, Mapping) and matrix.residual_side.writes:
            sums.top1 = max(sums.top1 or 0.0, number_at(cosines, "top1"))
            sums.energy = max(sums.energy or 0.0, energy if isinstance(energy, float) else 0.0)
    return {
        layer: {
            "norm": math.sqrt(sums.change),
            "relative_norm": math.sqrt(sums.change / sums.base) if sums.base else None,
            "top1": sums.top1,
            "energy": sums.energy,
        }
        for layer, sums in layers.items()
    }


def random_baseline(vector: SteeringVector | None) -> dict[str, float] | None:
    """The values expected for a random vector."""
    if vector is None:
        return None
    return {"energy": 1 / vector.hidden_size, "top1": 1 / math.sqrt(vector.hidden_size)}


def compared_unit(vector: SteeringVector | None, side: ResidualAxis) -> tuple[int, Tensor] | None:
    """(layer, unit row) of the vector to compare this matrix with; None if the vector lacks that layer."""
    layer = compared_layer(side)
    if vector is None or layer is None or layer not in vector.units:
        return None
    return layer, torch.from_numpy(np.array(vector.units[layer]))


def _compare_one(
    matrix: MatchedMatrix, vector: SteeringVector | None, depth: SpectrumOptions, memory: MemoryPeak
) -> dict[str, JsonValue]:
    at = compared_unit(vector, matrix.residual_side)
    facts = compare_matrix(matrix.change, matrix.residual_side, at[1] if at else None, depth, memory)
    location = {
        "layer": matrix.residual_side.layer,
        "module": matrix.residual_side.module,
        "vector_layer": at[0] if at else None,
    }
    return location | facts | {"bytes_read": matrix.change.bytes_read}


def _match(name: str, base: Checkpoint, tuned: Checkpoint) -> MatchedMatrix | str:
    ours, theirs = base.weights[name], tuned.weights[name]
    side = locate_matrix(name, ours.shape, base.config, base.hidden_size)
    if ours.shape == theirs.shape:
        return MatchedMatrix(name, side, WeightChange(ours, theirs))
    # A fine-tuned model may have more tokens; any other difference in shape cannot be compared.
    vocabulary = (
        len(ours.shape) == len(theirs.shape) == 2 and ours.shape[1] == theirs.shape[1] and side.layer is None
    )
    if not vocabulary:
        shapes = f"{_format_shape(ours.shape)} in {base.name}, {_format_shape(theirs.shape)} in {tuned.name}"
        return f"{name}: {shapes}: left out"
    rows = shared_rows(base, tuned)
    if rows is None:
        # Without tokenizer files, equal ids are taken for equal tokens.
        ids = list(range(min(ours.shape[0], theirs.shape[0])))
        rows = (ids, ids)
    # A tokenizer may know tokens that the matrix has no row for.
    inside = [(a, b) for a, b in zip(*rows, strict=True) if a < ours.shape[0] and b < theirs.shape[0]]
    rows = ([a for a, _ in inside], [b for _, b in inside])
    return MatchedMatrix(name, replace(side, axis=1), WeightChange(ours, theirs, rows))


def _vocabulary_note(matrix: MatchedMatrix) -> str:
    rows = matrix.change.rows or ((), ())
    how = "the same numbers" if list(rows[0]) == list(rows[1]) else "the same text"
    sizes = f"{matrix.change.base.shape[0]} and {matrix.change.tuned.shape[0]} rows"
    return f"{matrix.name}: {sizes}; compared {len(rows[0])} that stand for tokens of {how}"


def _format_shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _natural_order(name: str) -> list[tuple[int, str]]:
    """Sort key that puts layer 10 after layer 9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in name.split(".")]
