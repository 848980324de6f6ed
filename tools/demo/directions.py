"""Vectors of the demo models: mean differences of hooked activations, with the projections of both classes.

v_L = mean⁺ − mean⁻ of the block outputs at the chosen positions; stored as a unit vector, its raw norm and, per class,
mean, spread and percentiles of the projections. The class gap (mean⁺ − mean⁻ of the projections) is one natural unit.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.activations.capture import capture
from core.model.model import Model

PERCENTILES = (5, 25, 50, 75, 95)
BATCH_TOKENS = 8192  # fixed: the batch shape affects the last bits of the result

Reads = dict[int, Tensor]


@dataclass(frozen=True)
class DemoVector:
    """A vector for the mixer: unit rows per layer and statistics of the two classes along them."""

    name: str
    directions: Mapping[int, Tensor]
    norms: Mapping[int, float]
    stats: Mapping[int, Mapping[str, Any]]
    suggestion: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def class_gaps(self) -> dict[int, float]:
        return {layer: s["positive"]["mean"] - s["negative"]["mean"] for layer, s in self.stats.items()}

    @property
    def midpoints(self) -> dict[int, float]:
        return {layer: s["midpoint"] for layer, s in self.stats.items()}

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for layer, direction in sorted(self.directions.items()):
            digest.update(f"layer.{layer}".encode() + direction.numpy().tobytes())
        return digest.hexdigest()

    def positive(self, key: str) -> dict[int, float]:
        """One statistic of the positive class per layer, usable as the bound of a cap."""
        return {layer: s["positive"][key] for layer, s in self.stats.items()}

    def with_suggestion(self, **suggestion: Any) -> "DemoVector":
        return replace(self, suggestion=suggestion)


def read_activations(
    model: Model, texts: Sequence[Sequence[int]], widths: Sequence[int] | None = None
) -> Reads:
    """Per layer one row for each text: the output at its last token, or the mean over its last `widths[i]` tokens."""
    where: Any = "last" if widths is None else [slice(-width, None) for width in widths]
    return capture(model, texts, read=where, batch_tokens=BATCH_TOKENS).rows


def read_first_tokens(model: Model, texts: Sequence[Sequence[int]], widths: Sequence[int]) -> Reads:
    """Per layer one row for each text: the output at the first of its last `widths[i]` tokens."""
    where = [len(text) - width for text, width in zip(texts, widths, strict=True)]
    return capture(model, texts, read=where, batch_tokens=BATCH_TOKENS).rows


def mean_difference(name: str, positive: Reads, negative: Reads) -> DemoVector:
    """The vector from the mean of the negative class to the mean of the positive one."""
    raw = {layer: (positive[layer].mean(0) - negative[layer].mean(0)) for layer in positive}
    norms = {layer: vector.norm().item() for layer, vector in raw.items()}
    directions = {layer: vector / norms[layer] for layer, vector in raw.items()}
    stats = {}
    for layer, direction in directions.items():
        sides = [_spread((side[layer] @ direction).numpy()) for side in (positive, negative)]
        middle = (sides[0]["mean"] + sides[1]["mean"]) / 2
        stats[layer] = {"positive": sides[0], "negative": sides[1], "midpoint": middle}
    return DemoVector(name, directions, norms, stats)


def random_like(direction: DemoVector, seed: int) -> DemoVector:
    """A random control vector with the norms and the natural units of `direction`."""
    generator = torch.Generator().manual_seed(seed)
    drawn = {layer: torch.randn(v.shape, generator=generator) for layer, v in direction.directions.items()}
    return replace(direction, name="random", directions={layer: v / v.norm() for layer, v in drawn.items()})


def held_out_separation(
    direction: DemoVector, positive: Reads, negative: Reads
) -> dict[int, dict[str, float]]:
    """Held-out quality per layer: pooled d, and accuracy at the midpoint of the training classes.

    d = (x̄ − ȳ) / s, s² = ((n₁ − 1)s₁² + (n₂ − 1)s₂²) / (n₁ + n₂ − 2).
    """
    found = {}
    for layer, vector in direction.directions.items():
        x, y = (positive[layer] @ vector).numpy(), (negative[layer] @ vector).numpy()
        pooled = ((len(x) - 1) * x.var(ddof=1) + (len(y) - 1) * y.var(ddof=1)) / (len(x) + len(y) - 2)
        right = (x > direction.midpoints[layer]).sum() + (y <= direction.midpoints[layer]).sum()
        d = (x.mean() - y.mean()) / np.sqrt(pooled)
        found[layer] = {"d": float(d), "accuracy": float(right / (len(x) + len(y)))}
    return found


def _spread(values: np.ndarray) -> dict[str, float]:
    points = {f"p{q}": float(np.percentile(values, q)) for q in PERCENTILES}
    return {"mean": float(values.mean()), "std": float(values.std(ddof=1))} | points
