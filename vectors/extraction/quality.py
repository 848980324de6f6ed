"""One layer: the direction from the training pairs, and what the pairs it never saw say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vectors import metrics
from vectors.contrasts.pair import Split
from vectors.extraction.significance import significance
from vectors.methods.classes import Classes
from vectors.methods.registry import direction
from vectors.separating import Apart

Array = NDArray[Any]
UNMEASURED = {
    **dict.fromkeys(("d", "d_ci", "accuracy", "accuracy_ci", "auroc", "sign_accuracy")),
    **dict.fromkeys(("population_d", "pair_accuracy", "coherence", "p", "welch_t", "welch_p")),
    "n_holdout": 0,
}


@dataclass(frozen=True)
class Finding:
    """`raw` is the vector of the layer; `apart` its held-out quality, None without a hold-out."""

    raw: NDArray[np.float32]
    stats: dict[str, Any]
    metrics: dict[str, Any]
    apart: Apart | None


def measure(
    positive: Array, negative: Array, split: Split, method: str, roles: Sequence[str], seed: int
) -> Finding | None:
    """`positive[i]` and `negative[i]` are pair i; d and accuracy come from the hold-out alone.

    None where both classes are the same, as below the first block that a fine-tuning touched.
    """
    train, held = list(split.train), list(split.holdout)
    kept = [roles[index] for index in train] if roles else []
    classes = Classes.of(positive[train], negative[train], kept)
    raw = direction(method, classes).astype(np.float32)
    norm = float(np.linalg.norm(raw.astype(np.float64)))
    if norm == 0:
        return None
    unit = raw.astype(np.float64) / norm
    x, y = classes.positive @ unit, classes.negative @ unit
    midpoint = float(x.mean() + y.mean()) / 2
    stats = {"positive": metrics.spread(x), "negative": metrics.spread(y), "midpoint": midpoint}
    split_half = metrics.split_half(classes.positive, classes.negative, seed=seed) if len(train) > 1 else 0.0
    known = {"norm": norm, "split_half": split_half, "n_train": 2 * len(train)}
    if not held:
        return Finding(raw, stats, UNMEASURED | known, None)
    seen = Classes.of(positive[held], negative[held])
    found, apart = _held_out(seen, unit, midpoint, seed)
    return Finding(raw, stats, found | known, Apart(apart, split_half, stats))


def _held_out(
    seen: Classes, unit: NDArray[np.float64], midpoint: float, seed: int
) -> tuple[dict[str, Any], metrics.Separation]:
    x, y = seen.positive @ unit, seen.negative @ unit
    apart = metrics.separation(x, y, midpoint, seed=seed)
    more = {
        "population_d": metrics.population_d(x, y),
        "pair_accuracy": metrics.pair_accuracy(x, y),
        "coherence": metrics.coherence(seen.positive, seen.negative, unit),
        "holdout_means": [float(x.mean()), float(y.mean())],
    }
    return apart.to_json() | more | significance(x, y, seed), apart
