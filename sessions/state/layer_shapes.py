"""How a channel's scale is spread over its layers, and the shapes that have a name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

Weights = Mapping[int, float] | None

SHAPES: dict[str, Callable[[float], float]] = {
    "flat": lambda x: 1.0,
    "ramp": lambda x: 0.1 + 0.9 * x,
    "bell": lambda x: math.exp(-((x - 0.5) ** 2) / 0.08),
}
DRAWN = "drawn"


def spread_scale(scale: float, weights: Weights, band: Iterable[int], *, split: bool) -> dict[int, float]:
    """The scale of every layer of the band. Split shares add up to the whole scale."""
    shares = {layer: 1.0 if weights is None else weights.get(layer, 0.0) for layer in band}
    # Absolute values, so that shares of opposite sign do not cancel.
    total = sum(map(abs, shares.values())) if split else 1.0
    # All weights may be zero, hence the guard.
    return {layer: scale * share / total if total else 0.0 for layer, share in shares.items()}


def shape_weights(name: str, band: Iterable[int]) -> dict[int, float]:
    """The weights of a shape over a band."""
    layers = tuple(band)
    # At least 1, because a band of one layer would divide by zero.
    reach = max(len(layers) - 1, 1)
    return {layer: SHAPES[name](place / reach) for place, layer in enumerate(layers)}


def name_shape(weights: Weights, band: Iterable[int] | None = None) -> str:
    """The name of the shape that the weights follow over the band, or `drawn` for a free drawing."""
    if weights is None:
        return "flat"
    layers = sorted(weights) if band is None else tuple(band)
    for name in SHAPES:
        wanted = shape_weights(name, layers)
        # An absolute tolerance, because a relative one is useless next to zero.
        if all(math.isclose(weights.get(layer, 0.0), wanted[layer], abs_tol=1e-9) for layer in layers):
            return name
    return DRAWN
