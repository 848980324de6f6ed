"""Whether a vector belongs on a model: refused where it cannot be added, warned about where it should not
be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from vectors import limits
from vectors.errors import VectorFileError
from vectors.stored import Stored


def within(stored: Stored, layers: Iterable[int] | None) -> Stored:
    """Only these layers of it."""
    if layers is None:
        return stored
    wanted = tuple(layers)
    if missing := [layer for layer in wanted if layer not in stored.units]:
        raise VectorFileError(f"{stored.file}: has no layer {missing[0]} (it has {spelled(stored.layers)})")
    return stored.only(wanted)


def spelled(layers: Iterable[int]) -> str:
    """Layers as a person writes them: 0-3, 7, 9-12."""
    runs: list[list[int]] = []
    for layer in layers:
        if runs and layer == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], layer]
        else:
            runs.append([layer, layer])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def refuse_misfit(stored: Stored, *, hidden_size: int, n_layers: int, model: str, half: bool = False) -> None:
    """Width and depth must fit; lengths must survive float16 where the model computes in it."""
    if stored.hidden_size != hidden_size:
        raise VectorFileError(
            f"{stored.file}: vector {stored.hidden_size}, model {hidden_size} dimensions ({model})"
        )
    if max(stored.layers) >= n_layers:
        raise VectorFileError(f"{stored.file}: layer {max(stored.layers)}, model has {n_layers} ({model})")
    for layer, norm in stored.norms.items():
        if half and not norm < limits.FP16_LARGEST:
            raise VectorFileError(
                f"{stored.file}: layer {layer} has norm {norm:.3g}, which overflows float16 ({model})"
            )


def doubts(stored: Stored, *, model_id: str, model_type: str, n_layers: int) -> tuple[str, ...]:
    """Reasons to ask before steering this model with it; empty when its origin matches or is unknown."""
    about, reasons = stored.about, []
    if about.model_type and model_type and about.model_type.lower() != model_type.lower():
        reasons.append(f"made on a {about.model_type} model, this one is {model_type}")
    if about.model_id and model_id and not same_model(about.model_id, model_id):
        reasons.append(f"made on {about.model_id}, this is {model_id}")
    if about.n_layers is not None and about.n_layers != n_layers:
        reasons.append(f"made on a model of {about.n_layers} layers, this one has {n_layers}")
    if len(stored.layers) == 1 and n_layers > 1:
        reasons.append(f"only layer {stored.layers[0]} of {n_layers}")
    return tuple(reasons)


def same_model(one: str, other: str) -> bool:
    """Ids compared by their last part: a local folder of a hub model keeps its name."""
    return one.rstrip("/").rsplit("/", 1)[-1].lower() == other.rstrip("/").rsplit("/", 1)[-1].lower()


def relative_norms(stored: Stored, residual_norms: dict[int, float]) -> dict[int, float]:
    """‖v_L‖ in mean residual norms of that layer."""
    known = {layer: residual_norms.get(layer, math.nan) for layer in stored.layers}
    return {layer: stored.norms[layer] / size for layer, size in known.items() if size > 0}
