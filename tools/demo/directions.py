"""Vectors of the demo models: the activations of both classes, their mean difference, and its held-out quality.

The method, the statistics of the projections and the quality are those of `vectors`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from core.activations.capture import capture
from core.demo.world.pairs import TextPair
from core.model.model import Model
from tools.demo.wording import class_token_ids, trait_widths
from vectors.data.metadata import About
from vectors.data.report_values import number_at
from vectors.extraction.layer_quality import Labels, LayerFinding, measure_layer
from vectors.texts.pair import Split
from vectors.vector import SteeringVector

BATCH_TOKENS = 8192  # fixed: the batch shape affects the last bits of the result
QUALITY = ("d", "accuracy")

Rows = dict[int, Tensor]
Quality = dict[int, dict[str, float]]


@dataclass(frozen=True)
class ClassRows:
    """Per layer one row for each pair, of the positive sides and of the negative ones."""

    positive: Rows
    negative: Rows


def read_activations(model: Model, texts: Sequence[Sequence[int]]) -> Rows:
    """Per layer one row for each text: the output at its last token."""
    return capture(model, texts, batch_tokens=BATCH_TOKENS).rows


_POSITIONS: Mapping[str, Callable[[int, int], int | slice]] = {
    "first": lambda length, width: length - width,
    "mean": lambda length, width: slice(length - width, None),
    "last": lambda length, width: length - 1,
}


def read_classes(model: Model, pairs: Sequence[TextPair], where: str = "last") -> ClassRows:
    """Both sides of the pairs at their "last" token, at the "first" token of the part that shows the trait,
    or as the "mean" over that part.
    """
    classes = zip(class_token_ids(model, pairs), trait_widths(model, pairs), strict=True)
    return ClassRows(*(_read_texts(model, texts, widths, where) for texts, widths in classes))


def _read_texts(model: Model, texts: Sequence[Sequence[int]], widths: Sequence[int], where: str) -> Rows:
    positions: Any = [_POSITIONS[where](len(text), width) for text, width in zip(texts, widths, strict=True)]
    return capture(model, texts, read=positions, batch_tokens=BATCH_TOKENS).rows


def fit_vector(about: About, fit: ClassRows, held_out: ClassRows) -> tuple[SteeringVector, Quality]:
    """The vector from the mean of the negative class to the mean of the positive one, and its held-out d and
    accuracy per layer; layers on which both classes are the same are left out.
    """
    findings = {layer: _measure_layer(fit, held_out, layer) for layer in fit.positive}
    found = {layer: finding for layer, finding in findings.items() if finding is not None}
    quality = {layer: {key: number_at(one.metrics, key) for key in QUALITY} for layer, one in found.items()}
    about = replace(
        about,
        method="mean",
        stats={layer: one.stats for layer, one in found.items()},
        metrics={str(layer): one for layer, one in quality.items()},
    )
    return SteeringVector({layer: one.raw for layer, one in found.items()}, about=about), quality


def class_midpoints(vector: SteeringVector) -> dict[int, float]:
    """The middle between the two classes' mean projections on each layer: the neutral projection."""
    middles = {layer: stats["midpoint"] for layer, stats in vector.about.stats.items()}
    return {layer: middle for layer, middle in middles.items() if isinstance(middle, float)}


def _measure_layer(fit: ClassRows, held_out: ClassRows, layer: int) -> LayerFinding | None:
    trained, total = len(fit.positive[layer]), len(fit.positive[layer]) + len(held_out.positive[layer])
    positive = torch.cat([fit.positive[layer], held_out.positive[layer]]).numpy()
    negative = torch.cat([fit.negative[layer], held_out.negative[layer]]).numpy()
    split = Split(tuple(range(trained)), tuple(range(trained, total)))
    return measure_layer(positive, negative, split, "mean", Labels(), seed=0)
