"""How well a vector separates two classes of texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import UsageError
from core.generation.token_ids import text_ids
from vectors.data.metadata import LayerStats, class_spread
from vectors.statistics import metrics
from vectors.statistics.metrics import Separation
from vectors.texts.pair import PairInput

if TYPE_CHECKING:
    from core.model.model import Model

Ids = list[int]
Floats = NDArray[np.float32]
GOOD_SHARE = 0.7
"""Of the best layer's d: what may join the band."""


@dataclass(frozen=True)
class LayerSeparation:
    """Separation at one layer; `stats` are what natural units and percentile caps need."""

    separation: Separation
    split_half: float
    stats: LayerStats

    @property
    def gap(self) -> float:
        """mean⁺ − mean⁻: negative when the vector points from the positive class to the negative one."""
        return class_spread(self.stats, "positive")["mean"] - class_spread(self.stats, "negative")["mean"]


def token_pairs(model: Model, pairs: Iterable[PairInput]) -> list[tuple[Ids, Ids]]:
    """(positive, negative) as token ids; a pair is two texts or an object with those two attributes."""
    texts = [tuple(p) if isinstance(p, tuple | list) else (p.positive, p.negative) for p in pairs]
    if len(texts) < 4:
        raise UsageError(
            f"needs ≥ 4 pairs, two to learn the midpoint from and two to try it on; got {len(texts)}"
        )
    return [(text_ids(model, positive), text_ids(model, negative)) for positive, negative in texts]


def measure_halves(made: Floats, held: Floats, direction: Floats, seed: int) -> LayerSeparation:
    """The midpoint from one half of the pairs, the separation on the other; states alternate positive, negative."""
    axis = direction.astype(np.float64)
    (a, b), (x, y) = (
        (p[0::2], p[1::2]) for p in (made.astype(np.float64) @ axis, held.astype(np.float64) @ axis)
    )
    positive, negative = np.concatenate([a, x]), np.concatenate([b, y])
    # Stored for steering, not for the evaluation, so these use all pairs.
    stats: LayerStats = {
        "positive": metrics.summarize_projections(positive),
        "negative": metrics.summarize_projections(negative),
        "midpoint": float(positive.mean() + negative.mean()) / 2,
    }
    both = np.concatenate([made, held])
    split = metrics.split_half_cosine([both[0::2] - both[1::2]], len(both) // 2, seed=seed)
    # From the other half only: the pairs it is tried on would flatter the accuracy.
    midpoint = float(a.mean() + b.mean()) / 2
    return LayerSeparation(metrics.holdout_separation(x, y, midpoint, seed=seed), split, stats)


def best_band(apart: Mapping[int, LayerSeparation], n_layers: int) -> tuple[int, ...]:
    """The best layer and its neighbours with at least 70 % of its held-out d, at most half of all layers.

    The last block is excluded: a change behind it acts on one token only and is the first to break the
    text.
    """
    d = {layer: found.separation.d for layer, found in apart.items() if layer < n_layers - 1}
    if not d:
        return ()
    best = max(d, key=lambda layer: d[layer])
    # Grown outwards from the best layer, so that the band has no holes.
    chosen = [best]
    for step in (-1, 1):
        layer = best + step
        while d.get(layer, -1.0) >= GOOD_SHARE * d[best] and len(chosen) < max(1, len(d) // 2):
            chosen.append(layer)
            layer += step
    return tuple(sorted(chosen))
