"""Reads evaluation files of llm-personality-axes: published metrics per layer, for comparison.

A torch file with `model`, `extraction_method`, `best_layer` and `all_results` {layer: metrics}. Its
metrics are those of `axes`: population d, accuracy at zero, means and deviations of both classes'
projections.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

from core.json_values import JsonValue
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers import torchfile
from vectors.files.containers.symbols import PickleDict, PickleValue
from vectors.files.opening import OpenedFile, open_vector_file

RESULTS = "all_results"
FIELDS: Mapping[str, tuple[str, ...]] = {
    "d": ("cohens_d",),
    "accuracy": ("accuracy",),
    "means": ("assistant_mean", "non_assistant_mean"),
    "stds": ("assistant_std", "non_assistant_std"),
}
"""Our field names, and those of the file."""


def read_evaluation(path: str | os.PathLike[str]) -> dict[str, JsonValue]:
    """`name`, `best_layer` and `layers` {L: the metrics of `axes`}; no code in the file is run."""
    source = open_vector_file(path)
    try:
        return _parse_tree(_read_tree(source), source.name)
    except VectorFileError as problem:
        raise VectorFileError(f"{source.name}: {problem}") from None


def _read_tree(source: OpenedFile) -> PickleDict:
    # torch.save writes a zip since 1.6 and wrote a bare pickle before.
    if torchfile.recognizes_zip(source.data[:8]):
        file = torchfile.read_zip(source, torchfile.open_zip(source))
    elif torchfile.recognizes_pickle(source.data[:64]):
        file = torchfile.read_legacy(source)
    else:
        raise VectorFileError("not a torch file")
    return file.tree if isinstance(file.tree, dict) else {}


def _parse_tree(tree: PickleDict, name: str) -> dict[str, JsonValue]:
    results = tree.get(RESULTS)
    if not isinstance(results, dict):
        raise VectorFileError(f"no evaluation: it has no table {RESULTS!r}")
    layers = {_check_layer(key): _figures(key, found) for key, found in results.items()}
    if not layers:
        raise VectorFileError(f"{RESULTS} is empty")
    words = [
        printable_name(tree[key]) for key in ("model", "extraction_method") if isinstance(tree.get(key), str)
    ]
    best = tree.get("best_layer")
    return {
        "name": " ".join(words) or name,
        "best_layer": best if best in layers else None,
        "layers": {str(layer): layers[layer] for layer in sorted(layers)},
    }


def _check_layer(key: str | int) -> int:
    # A bool is an int in Python.
    if isinstance(key, bool) or not isinstance(key, int) or key < 0:
        raise VectorFileError(f"bad layer key {printable_name(key)}")
    return key


def _figures(layer: str | int, found: PickleValue) -> dict[str, float | list[float]]:
    if not isinstance(found, dict):
        raise VectorFileError(f"layer {printable_name(layer)}: no figures")
    numbers = {ours: [_number(layer, found, key) for key in theirs] for ours, theirs in FIELDS.items()}
    return {ours: values if len(values) > 1 else values[0] for ours, values in numbers.items()}


def _number(layer: str | int, found: PickleDict, key: str) -> float:
    value = found.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise VectorFileError(f"layer {printable_name(layer)}: {key} is no number")
    return float(value)
