"""Whether answers under a dose lean to the positive side: a projection, or a surface feature, per prompt.

A measure may judge only if it tells the set's own held-out replies apart: a projection in nine of ten pairs, left
out one by one; a feature with an AUROC of .9.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vectors.statistics.metrics import area_under_roc, pair_accuracy

Floats = NDArray[np.float32]
FLOOR = 0.9
AT_DEPTH = 0.75
"""Layer whose mean states are projected, as a share of the depth."""
MOVED_SHARE = 0.75
CONTROL_SHARE = 0.5

FEATURES: Mapping[str, Callable[[str], float]] = {
    "question marks": lambda text: text.count("?"),
    "exclamation marks": lambda text: text.count("!"),
    "digits": lambda text: sum(sign.isdigit() for sign in text),
    "words": lambda text: len(text.split()),
    "word length": lambda text: float(np.mean([len(word) for word in text.split()] or [0])),
    "apostrophes": lambda text: text.count("'") + text.count("’"),
    "“I”": lambda text: len(re.findall(r"\bI\b", text)),
    "“you”": lambda text: len(re.findall(r"\byou\b", text, re.IGNORECASE)),
}


@dataclass(frozen=True)
class TextEffect:
    """Half of what lies between the answers at +x and −x, over the prompts, for the vector and its controls."""

    measure: str
    size: float
    moved: int
    of: int
    controls: tuple[float, ...] = ()

    @property
    def confirms(self) -> bool:
        """In its direction for three quarters of the prompts, and at least half of the largest control."""
        largest = max((abs(size) for size in self.controls), default=0.0)
        return self.moved >= MOVED_SHARE * self.of > 0 and self.size >= CONTROL_SHARE * largest

    def to_json(self) -> dict[str, Any]:
        return {
            "measure": self.measure,
            "size": self.size,
            "moved": self.moved,
            "of": self.of,
            "controls": list(self.controls),
            "confirms": self.confirms,
        }


def judged_layer(n_layers: int) -> int:
    """The layer whose mean states are projected."""
    return min(n_layers - 1, math.floor(AT_DEPTH * n_layers))


def text_effect(
    measure: str,
    own: tuple[Sequence[float], Sequence[float]],
    controls: Sequence[tuple[Sequence[float], Sequence[float]]],
) -> TextEffect:
    """From (values at −x, values at +x) per prompt; a prompt without an answer on one side has moved nothing."""
    halves = _halves(*own)
    sizes = tuple(float(np.mean(_halves(*one))) if len(one[0]) else 0.0 for one in controls)
    size = float(np.mean(halves)) if halves.size else 0.0
    return TextEffect(measure, size, int(np.count_nonzero(halves > 0)), len(halves), sizes)


def replies_told_apart(positive: Floats, negative: Floats) -> float:
    """Share of pairs whose positive reply projects higher on the mean difference of all *other* pairs.

    Within pairs, as answers to one message are compared; `positive` is [pairs, d].
    """
    if len(positive) < 2:
        return 0.5
    differences = positive - negative
    others = (differences.sum(axis=0) - differences) / (len(differences) - 1)
    return pair_accuracy(np.einsum("pd,pd->p", positive, others), np.einsum("pd,pd->p", negative, others))


def best_feature(positive: Sequence[str], negative: Sequence[str]) -> tuple[str, float] | None:
    """(name, sign) of the surface feature that tells the replies apart best; None below the floor."""
    scores = {
        name: area_under_roc([count(text) for text in positive], [count(text) for text in negative])
        for name, count in FEATURES.items()
    }
    name = max(scores, key=lambda each: abs(scores[each] - 0.5))
    sign = 1.0 if scores[name] > 0.5 else -1.0
    return (name, sign) if max(scores[name], 1 - scores[name]) >= FLOOR else None


def _halves(below: Sequence[float], above: Sequence[float]) -> NDArray[np.float64]:
    apart = (np.asarray(above, np.float64) - np.asarray(below, np.float64)) / 2
    return np.nan_to_num(apart)
