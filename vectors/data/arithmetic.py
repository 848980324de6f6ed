"""Arithmetic on whole vectors, layer by layer, in float64 and without torch.

A layer that only one operand has is copied; a layer that cancels is left out. Statistics of the old
direction are dropped unless they follow exactly (a scaled vector keeps them, a negated one mirrors them).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import UsageError
from vectors.data.metadata import About, LayerStats, Spread, class_spread
from vectors.data.origin import Origin
from vectors.data.row import LayerRow, raw_rows
from vectors.errors import VectorFileError
from vectors.statistics.metrics import PERCENTILES

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

Wide = NDArray[np.float64]
CANCELLED = 1e-6  # of the longer input: below this a difference is rounding


def scale_vector(vector: SteeringVector, factor: float) -> SteeringVector:
    """factor · v: the norms change; a negative factor also reverses the direction."""
    if not math.isfinite(factor) or factor == 0.0:
        raise UsageError("a vector can be multiplied by a finite number other than 0")
    if factor < 0:
        # Negating mirrors the statistics; the positive factor that is left does not touch them.
        return scale_vector(negate_vector(vector), -factor)
    rows = {layer: row.scale(factor) for layer, row in vector.rows.items()}
    return replace(vector, rows=rows, origin=vector.origin.without_file())


def negate_vector(vector: SteeringVector) -> SteeringVector:
    """−v: the statistics and the poles of the positive and the negative class change places."""
    about = vector.about
    mirrored = {layer: _mirrored_stats(entry) for layer, entry in about.stats.items()}
    about = replace(about, stats=mirrored, poles=about.poles[::-1])
    rows = {layer: row.negate() for layer, row in vector.rows.items()}
    # Ceilings bound the projection on the old direction, so they do not apply to the reversed one.
    return replace(vector, rows=rows, about=about, ceilings={}, origin=vector.origin.without_file())


def _mirrored_stats(entry: LayerStats) -> LayerStats:
    mirror: dict[str, float | Spread] = {
        key: -value for key, value in entry.items() if not isinstance(value, Mapping)
    }
    for side, other in (("positive", "negative"), ("negative", "positive"), ("neutral", "neutral")):
        if other in entry:
            mirror[side] = _mirrored_summary(class_spread(entry, other))
    return mirror


def _mirrored_summary(spread: Spread) -> dict[str, float]:
    mirror = {"mean": -spread["mean"]} if "mean" in spread else {}
    if "std" in spread:
        mirror["std"] = spread["std"]
    # Reversing the axis turns the 5th percentile into minus the 95th, and so on.
    return mirror | {f"p{100 - q}": -spread[f"p{q}"] for q in PERCENTILES if f"p{q}" in spread}


def normalize_vector(vector: SteeringVector) -> SteeringVector:
    rows = {layer: LayerRow.from_unit(row.unit, 1.0) for layer, row in vector.rows.items()}
    return replace(vector, rows=rows, origin=vector.origin.without_file())


def combine_vectors(one: SteeringVector, two: SteeringVector, first: float, second: float) -> SteeringVector:
    """first·one + second·two, computed on the raw vectors."""
    if one.hidden_size != two.hidden_size:
        raise VectorFileError(f"cannot combine {one.hidden_size} and {two.hidden_size} dimensions")
    if one.about.site != two.about.site:
        raise VectorFileError(f"cannot combine a vector of site {one.about.site} and one of {two.about.site}")
    rows = {}
    for layer in sorted({*one.layers, *two.layers}):
        # A layer that only one of the two has is taken from that one alone.
        parts = [
            weight * side.raw(layer).astype(np.float64)
            for side, weight in ((one, first), (two, second))
            if layer in side.rows
        ]
        total = np.sum(parts, axis=0)
        # What cancels down to rounding error has no direction left.
        if np.linalg.norm(total) > CANCELLED * max(np.linalg.norm(part) for part in parts):
            rows[layer] = total
    name = f"{one.name} {'+' if second >= 0 else '-'} {two.name}"
    return _derived_vector(one, rows, name)


def orthogonalize_vector(vector: SteeringVector, others: Sequence[SteeringVector]) -> SteeringVector:
    """v − QQᵀv, with Q an orthonormal basis of the others at the same layer; independent of their order."""
    rows = {}
    for layer in vector.layers:
        row = vector.raw(layer).astype(np.float64)
        basis = [other.units[layer].astype(np.float64) for other in others if layer in other.rows]
        left = row - span_projection(row, basis)
        if np.linalg.norm(left) > CANCELLED * np.linalg.norm(row):
            rows[layer] = left
    return _derived_vector(vector, rows, f"{vector.name} made orthogonal")


def span_projection(row: Wide, basis: Sequence[Wide]) -> Wide:
    """The projection of a row on the span of the basis; linearly dependent basis rows are skipped."""
    if not basis:
        return np.zeros_like(row)
    left, values, _ = np.linalg.svd(np.stack(basis, axis=1), full_matrices=False)
    # Directions with a singular value near zero are rounding errors of dependent rows.
    orthonormal = left[:, values > 1e-6 * values[0]]
    return np.asarray(orthonormal @ (orthonormal.T @ row))


def _derived_vector(source: SteeringVector, rows: Mapping[int, Wide], name: str) -> SteeringVector:
    if not rows:
        raise VectorFileError("nothing is left of it: every layer cancels")
    # Statistics, dose and contrast set describe the old direction and are not true of this one.
    about = replace(
        source.about,
        name=name,
        stats={},
        metrics={},
        suggestion=None,
        dataset_sha256="",
        contrast="",
        poles=(),
    )
    narrow = raw_rows({layer: row.astype(np.float32) for layer, row in rows.items()})
    return replace(source, rows=narrow, about=about, ceilings={}, origin=Origin())


def class_gaps(about: About) -> dict[int, float]:
    """|mean⁺ − mean⁻| of the projections per measured layer: one natural unit."""
    both = {layer: entry for layer, entry in about.stats.items() if _has_means(entry)}
    return {
        layer: abs(class_spread(entry, "positive")["mean"] - class_spread(entry, "negative")["mean"])
        for layer, entry in both.items()
    }


def ordinary_projections(about: About) -> dict[int, tuple[float, float]]:
    """Mean and standard deviation of ordinary text's projections per layer.

    Without statistics of ordinary text: the midpoint of the two classes and their pooled deviation.
    """
    found = {layer: _mean_and_deviation(entry) for layer, entry in about.stats.items()}
    return {layer: (mean, std) for layer, (mean, std) in found.items() if std > 0}


def _mean_and_deviation(entry: LayerStats) -> tuple[float, float]:
    neutral = class_spread(entry, "neutral")
    sides = [neutral] if neutral else [class_spread(entry, side) for side in ("positive", "negative")]
    if not all("mean" in side and "std" in side for side in sides):
        return 0.0, 0.0
    mean = sum(side["mean"] for side in sides) / len(sides)
    # Variances are averaged, not deviations; both classes have the same weight.
    return mean, math.sqrt(sum(side["std"] ** 2 for side in sides) / len(sides))


def _has_means(entry: LayerStats) -> bool:
    return all("mean" in class_spread(entry, side) for side in ("positive", "negative"))


def projection_percentile(about: About, layer: int, q: float) -> float | None:
    """The q-th percentile, interpolated linearly, of the positive class or else of ordinary text.

    None outside the stored percentiles: nothing is extrapolated.
    """
    sides = about.stats.get(layer, {})
    spread = class_spread(sides, "positive" if "positive" in sides else "neutral")
    known = [(p, spread[f"p{p}"]) for p in PERCENTILES if f"p{p}" in spread]
    if not known or not known[0][0] <= q <= known[-1][0]:
        return None
    return float(np.interp(q, [p for p, _ in known], [value for _, value in known]))
