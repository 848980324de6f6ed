"""One layer: the direction from the training pairs, and its metrics on the held-out pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.json_values import JsonValue
from vectors.checks.separation import LayerSeparation
from vectors.data.metadata import LayerStats
from vectors.data.report_values import number_at
from vectors.extraction.axes import axes_metrics
from vectors.methods.classes import Classes
from vectors.methods.registry import fit_direction
from vectors.statistics import metrics
from vectors.statistics.significance import significance_tests
from vectors.texts.pair import Split

Array = NDArray[np.float32] | NDArray[np.float64]
COHERENCE = ("coherence", "coherence_of_pairs")
MOST_DOMAINS = 20  # with more than this, `domain` holds labels of single pairs
UNMEASURED: dict[str, JsonValue] = {
    **dict.fromkeys(("d", "d_ci", "accuracy", "accuracy_ci", "auroc", "sign_accuracy")),
    **dict.fromkeys(("axes", "domains", "pair_accuracy", *COHERENCE)),
    **dict.fromkeys(("p", "welch_t", "welch_p", "mann_whitney_u", "mann_whitney_p")),
    "n_holdout": 0,
}


@dataclass(frozen=True)
class Labels:
    """For every pair the role on its negative side and its domain; empty if unknown."""

    roles: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    def roles_of(self, pairs: Sequence[int]) -> list[str]:
        return [self.roles[index] for index in pairs] if self.roles else []

    def domains_of(self, pairs: Sequence[int]) -> list[str]:
        return [self.domains[index] for index in pairs] if self.domains else []


@dataclass(frozen=True)
class LayerFinding:
    """`raw` is the vector of the layer; `apart` its held-out quality, None without a hold-out."""

    raw: NDArray[np.float32]
    stats: LayerStats
    metrics: dict[str, JsonValue]
    apart: LayerSeparation | None

    def with_relative_norm(self, residual_norm: float) -> LayerFinding:
        """The same with the vector's norm as a share of the layer's mean residual norm."""
        return replace(
            self, metrics=self.metrics | {"relative_norm": number_at(self.metrics, "norm") / residual_norm}
        )


def measure_layer(
    positive: Array, negative: Array, split: Split, method: str, labels: Labels, seed: int
) -> LayerFinding | None:
    """Fit and evaluate one layer; `positive[i]` and `negative[i]` are pair i; d and accuracy use only the
    hold-out.

    None if both classes are the same, as below the first block that a fine-tuning changed.
    """
    train, held = list(split.train), list(split.holdout)
    # Direction, midpoint and class statistics come from the training pairs alone.
    classes = Classes.of(positive, negative, labels.roles_of(train), train)
    raw = fit_direction(method, classes).astype(np.float32)
    norm = float(np.linalg.norm(raw.astype(np.float64)))
    if norm == 0:
        return None
    # The float32 direction that is stored is the one measured, not the exact fit.
    unit = raw.astype(np.float64) / norm
    x, y = classes.positive.projections(unit), classes.negative.projections(unit)
    midpoint = float(x.mean() + y.mean()) / 2
    stats: LayerStats = {
        "positive": metrics.summarize_projections(x),
        "negative": metrics.summarize_projections(y),
        "midpoint": midpoint,
    }
    halves = partial(metrics.split_half_cosine, count=len(train), seed=seed)
    split_half = halves(classes.differences.blocks()) if len(train) > 1 else 0.0
    known: dict[str, JsonValue] = {"norm": norm, "split_half": split_half, "n_train": 2 * len(train)}
    if not held:
        return LayerFinding(raw, stats, UNMEASURED | known, None)
    seen = Classes.of(positive, negative, chosen=held)
    x, y = seen.positive.projections(unit), seen.negative.projections(unit)
    apart = metrics.holdout_separation(x, y, midpoint, seed=seed)
    coherent = dict(zip(COHERENCE, metrics.pair_coherence(seen.differences.blocks(), unit), strict=True))
    more: dict[str, JsonValue] = {
        "pair_accuracy": metrics.pair_accuracy(x, y),
        "domains": domain_metrics(x, y, midpoint, labels.domains_of(held)),
        "axes": axes_metrics(x, y),
    }
    found = {**apart.to_json(), **coherent, **more, **significance_tests(x, y, seed)}
    return LayerFinding(raw, stats, found | known, LayerSeparation(apart, split_half, stats))


def domain_metrics(
    x: Array, y: Array, midpoint: float, domains: Sequence[str]
) -> dict[str, dict[str, JsonValue]]:
    """The metrics of each domain's pairs, if there are several domains; d needs two pairs."""
    names = list(dict.fromkeys(domains))
    if not 1 < len(names) <= MOST_DOMAINS:
        return {}
    found: dict[str, dict[str, JsonValue]] = {}
    for name in names:
        here = np.array([domain == name for domain in domains])
        # One midpoint for all domains: a domain's own would be fitted to the held-out pairs.
        right, total = metrics.threshold_accuracy(x[here], y[here], midpoint)
        found[name] = {
            "n_holdout": total,
            "d": metrics.cohens_d(x[here], y[here]) if total > 2 else None,
            "accuracy": right / total,
            "accuracy_ci": metrics.wilson_interval(right, total),
            "pair_accuracy": metrics.pair_accuracy(x[here], y[here]),
        }
    return found
