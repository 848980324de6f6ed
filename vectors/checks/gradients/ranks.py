"""Slopes of a vector and of null directions on candidate bands, and the vector's rank among the nulls.

One dose on a band B pushes W_l / |B| at every layer of it, so a slope is the mean of ⟨g_l, W_l⟩ over B. Nulls get
the vector's length at every layer and the same choice of band: the maximum over the candidates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.mixer.layer_ranges import default_band
from vectors.checks.gradients.nulls import NullClass

Band = tuple[int, ...]
Floats = NDArray[np.float32]
STARTS = (0.2, 0.33, 0.47, 0.6)
WIDTH = 0.2
LIMIT = 0.01
"""Largest share of nulls that may do as much; up to .05 one-direction random vectors would pass."""


@dataclass(frozen=True)
class ClassRank:
    """How many of n nulls of one class do as much towards plus, and towards minus; `kl` at equal KL."""

    name: str
    n: int
    above: int
    below: int
    kl: int | None = None

    def p_norm(self, sign: int = 1) -> float:
        return (1 + (self.above if sign > 0 else self.below)) / (1 + self.n)

    @property
    def p_kl(self) -> float | None:
        return None if self.kl is None else (1 + self.kl) / (1 + self.n)

    def to_json(self, sign: int) -> dict[str, Any]:
        return {"class": self.name, "n": self.n, "p_norm": self.p_norm(sign), "p_kl": self.p_kl}


def candidate_bands(n_layers: int, has: Sequence[int], own: Sequence[int] | None) -> list[Band]:
    """Windows of a fifth of the layers, and the card's own band; the first fifth is only tried if named."""
    width, first = max(1, round(WIDTH * n_layers)), max(1, round(WIDTH * n_layers))
    windows = [range(round(start * n_layers), round(start * n_layers) + width) for start in STARTS]
    bands = [tuple(layer for layer in window if layer in has) for window in windows]
    if own and min(own) >= first:
        bands.append(tuple(layer for layer in own if layer in has))
    found = list(dict.fromkeys(band for band in bands if band))
    return found or [tuple(layer for layer in default_band(n_layers) if layer in has) or tuple(has)]


def band_means(by_layer: Mapping[int, Any], bands: Sequence[Band]) -> Any:
    """[bands, …]: the mean over each band of what is known by layer."""
    return np.stack([np.mean([by_layer[layer] for layer in band], axis=0) for band in bands])


def vector_slopes(gradient: Floats, pushes: Mapping[int, Floats], bands: Sequence[Band]) -> Any:
    """[bands, …] slopes of one dose; `gradient` is [L, d, …]."""
    layers = sorted({layer for band in bands for layer in band})
    return band_means(
        {layer: np.tensordot(pushes[layer], gradient[layer], axes=(0, 0)) for layer in layers}, bands
    )


def null_slopes(
    null: NullClass, gradient: Floats, pushes: Mapping[int, Floats], bands: Sequence[Band]
) -> Any:
    """[bands, n, …] slopes of the nulls at the vector's length on every layer."""
    layers = sorted({layer for band in bands for layer in band})
    by_layer = {
        layer: float(np.linalg.norm(pushes[layer]))
        * np.tensordot(null.rows(layer), gradient[layer], axes=(1, 0))
        for layer in layers
    }
    return band_means(by_layer, bands)


def rank_by_norm(
    nulls: Sequence[NullClass], gradient: Floats, pushes: Mapping[int, Floats], bands: Sequence[Band]
) -> list[ClassRank]:
    """`gradient` is [L, d]: the mean over the pairs."""
    own = vector_slopes(gradient, pushes, bands)
    ranks = []
    for null in nulls:
        theirs = null_slopes(null, gradient, pushes, bands)
        above = int(np.count_nonzero(theirs.max(axis=0) >= own.max()))
        below = int(np.count_nonzero((-theirs).max(axis=0) >= (-own).max()))
        ranks.append(ClassRank(null.name, null.n, above, below))
    return ranks


def kl_per_token(along: Any, tokens: int) -> Any:
    """κ̂ at dose 1: ½ Σⱼ ⟨fⱼ, u⟩² / Σⱼ tokens; `along` is […, texts], fⱼ the gradient of a sampled text's log p.

    The score identity: under texts that the model itself sampled, E[⟨f, u⟩²] is twice the KL to second order.
    """
    return 0.5 * np.square(along).sum(axis=-1) / tokens


def kl_ranks(
    nulls: Sequence[NullClass],
    gradient: Floats,
    scores: Floats,
    tokens: int,
    pushes: Mapping[int, Floats],
    bands: Sequence[Band],
    sign: int,
) -> list[int]:
    """Per class, how many nulls have as large a slope per √(2κ̂); `scores` are [L, d, texts]."""
    both = np.concatenate([gradient[..., None], scores], axis=-1)
    own = _efficiency(vector_slopes(both, pushes, bands), tokens, sign)
    return [
        int(np.count_nonzero(_efficiency(null_slopes(null, both, pushes, bands), tokens, sign) >= own))
        for null in nulls
    ]


def _efficiency(slopes: Any, tokens: int, sign: int) -> Any:
    """Largest slope / √(2κ̂) over the bands; the first of the last axis is the slope."""
    spread = np.sqrt(2 * kl_per_token(slopes[..., 1:], tokens))
    ratio = np.divide(sign * slopes[..., 0], spread, out=np.zeros_like(spread), where=spread > 0)
    return ratio.max(axis=0)


def predicted_kl(scores: Floats, tokens: int, pushes: Mapping[int, Floats], band: Band) -> float:
    """κ̂ of one dose on a band."""
    found = float(kl_per_token(vector_slopes(scores, pushes, [band]), tokens)[0])
    return found if math.isfinite(found) else 0.0
