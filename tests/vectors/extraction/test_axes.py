"""The published results of llm-personality-axes, from projections of 20 held-out pairs that are made to match them."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from vectors import metrics
from vectors.contrasts.pair import split
from vectors.extraction.axes import axes
from vectors.extraction.ranking import best_layer

EACH = 20
BEST = {  # layer, d, accuracy; Llama's response mean is layer 17 on one of its pages, by another rule
    "qwen last": (10, 11.03, 1.0),
    "qwen mean": (28, 3.66, 0.975),
    "llama last": (13, 5.54, 0.975),
    "llama mean": (12, 5.94, 1.0),
}


def twenty(mean: float, low: int) -> np.ndarray:
    """Twenty numbers with this mean and a population spread of 1, `low` of them below the others."""
    high = EACH - low
    return np.array([mean + math.sqrt(low / high)] * high + [mean - math.sqrt(high / low)] * low)


def matching(d: float, accuracy: float) -> tuple[np.ndarray, np.ndarray]:
    """Projections of both classes at this d, with this share on the right side of zero: all, all but one, or half."""
    lift = 2 * d if accuracy == 0.5 else 0.0
    x, y = twenty(lift + d / 2, 1 if accuracy == 0.975 else 10), twenty(lift - d / 2, 10)
    assert np.count_nonzero(x > 0) + np.count_nonzero(y < 0) == round(accuracy * 2 * EACH)
    return x, y


@pytest.mark.parametrize("name", BEST)
def test_the_published_d_and_accuracy(name: str) -> None:
    _, d, accuracy = BEST[name]
    x, y = matching(d, accuracy)
    found, plain = axes(x, y), metrics.separation(x, y, float(x.mean() + y.mean()) / 2)
    assert found["d"] == pytest.approx(d)
    assert found["accuracy"] == accuracy
    assert plain.d == pytest.approx(d * math.sqrt((EACH - 1) / EACH))


@pytest.mark.parametrize("name", BEST)
def test_its_rule_finds_its_best_layer(name: str) -> None:
    """Accuracy first, then d: a layer with the larger d and one wrong sign more comes second."""
    layer, d, accuracy = BEST[name]
    figures = {layer - 2: (d - 1, accuracy), layer: (d, accuracy), layer + 3: (d + 3, 0.5)}
    judged = {}
    for place, (apart, right) in figures.items():
        x, y = matching(apart, right)
        judged[place] = {"n_holdout": 2 * EACH, "d": apart, "axes": axes(x, y)}
    assert best_layer(judged, "axes") == layer


def test_half_of_the_signs_can_be_wrong_at_a_large_d() -> None:
    """Both classes of Qwen's layer 4 lie on one side of zero; the midpoint tells them apart."""
    x, y = matching(4.76, 0.5)
    found, plain = axes(x, y), metrics.separation(x, y, float(x.mean() + y.mean()) / 2)
    assert found["d"] == pytest.approx(4.76, abs=0.01)
    assert found["accuracy"] == 0.5
    assert plain.accuracy > 0.95


def test_its_split_is_ours_at_seed_42() -> None:
    order = list(range(100))
    random.Random(42).shuffle(order)
    assert split([str(n) for n in range(100)], 0.2, 42).holdout == tuple(sorted(order[:20]))


def test_exactly_zero_is_wrong_and_no_spread_is_no_effect() -> None:
    assert axes([0.0, 1.0], [0.0, -1.0])["accuracy"] == 0.5
    assert axes([2.0, 2.0], [1.0, 1.0])["d"] == 0.0
