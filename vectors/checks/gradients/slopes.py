"""What one gradient says about a vector: its slope on the best band, per pair and part, and its ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vectors.checks.gradients.nulls import NullClass
from vectors.checks.gradients.ranks import (
    Band,
    ClassRank,
    band_means,
    kl_ranks,
    predicted_kl,
    rank_by_norm,
    vector_slopes,
)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class PropensityGradient:
    """∂m/∂δ of every pair, [pairs, 2, L, d] for prompt and reply, and m itself at dose 0."""

    by_part: Floats
    margins: tuple[float, ...]

    @property
    def mean(self) -> Floats:
        """[L, d]: of all pairs, δ at all positions."""
        found: Floats = self.by_part.sum(axis=1).mean(axis=0)
        return found

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.by_part).all() and np.isfinite(self.margins).all())


@dataclass(frozen=True)
class SlopeFindings:
    """Slopes at a scale of 1 on every candidate band, ranks, and the details of the chosen band."""

    bands: tuple[Band, ...]
    slopes: tuple[float, ...]
    band: Band
    sign: int
    pairs: tuple[float, ...]
    prompt: float
    answer: float
    ranks: tuple[ClassRank, ...]

    @property
    def slope(self) -> float:
        """Of the chosen band, in the direction that acts."""
        return self.sign * float(np.mean(self.pairs))

    @property
    def prompt_share(self) -> float:
        """How much of the effect enters through the prompt's positions."""
        whole = self.prompt + self.answer
        return self.prompt / whole if whole else 0.0


def measure_slopes(
    gradient: PropensityGradient,
    pushes: Mapping[int, Floats],
    bands: Sequence[Band],
    nulls: Sequence[NullClass],
    sign_of: Any,
) -> SlopeFindings:
    """`sign_of(ranks)` says which way the vector acts; the band is the one with most slope that way."""
    mean = gradient.mean
    own = vector_slopes(mean, pushes, bands)
    ranks = rank_by_norm(nulls, mean, pushes, bands)
    sign = sign_of(ranks)
    best = int(np.argmax(sign * own))
    parts = part_slopes(gradient, pushes, bands[best])
    return SlopeFindings(
        bands=tuple(bands),
        slopes=tuple(float(slope) for slope in own),
        band=bands[best],
        sign=sign,
        pairs=tuple(float(value) for value in parts.sum(axis=1)),
        prompt=sign * float(parts[:, 0].mean()),
        answer=sign * float(parts[:, 1].mean()),
        ranks=tuple(ranks),
    )


def part_slopes(gradient: PropensityGradient, pushes: Mapping[int, Floats], band: Band) -> NDArray[Any]:
    """[pairs, 2]: slopes of each pair for a push on the prompt's and on the reply's positions."""
    found: NDArray[Any] = band_means(
        {layer: gradient.by_part[:, :, layer] @ pushes[layer] for layer in band}, [band]
    )[0]
    return found


@dataclass(frozen=True)
class SampledScores:
    """Gradients [L, d, texts] of the log p of texts that the model itself sampled, and their tokens."""

    scores: Floats
    tokens: int

    def kappa(self, pushes: Mapping[int, Floats], band: Band) -> float:
        """κ̂ of a scale of 1."""
        return predicted_kl(self.scores, self.tokens, pushes, band)

    def rank(
        self,
        found: SlopeFindings,
        gradient: PropensityGradient,
        pushes: Mapping[int, Floats],
        nulls: Sequence[NullClass],
    ) -> SlopeFindings:
        """The same findings with the ranks at equal KL."""
        counts = kl_ranks(nulls, gradient.mean, self.scores, self.tokens, pushes, found.bands, found.sign)
        ranks = [replace(rank, kl=count) for rank, count in zip(found.ranks, counts, strict=True)]
        return replace(found, ranks=tuple(ranks))
