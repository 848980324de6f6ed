"""What is published of llm-personality-axes and steer-clear beside best layers and scores, from data made to match.

Their files are not here; the figures are. See `extraction/test_axes.py` for the tables of best layers and
`test_linearity.py` for the single scores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

import vectors
from tests.vectors.themes.test_linearity import TWENTY, published, with_cosines
from vectors.data import compare
from vectors.extraction.axes import axes_metrics
from vectors.extraction.ranking import best_layer
from vectors.statistics import metrics
from vectors.themes.linearity import rank_runs

EACH = 20  # held-out pairs
TWENTY_SCORES = {run: score for run, (score, *_) in TWENTY.items()}


def chain(cosines: Sequence[float], width: int) -> vectors.SteeringVector:
    """A vector whose neighbouring layers have exactly these cosines: each turns towards an axis of its own."""
    rows = [np.eye(1, width)[0]]
    for layer, cosine in enumerate(cosines, start=1):
        rows.append(cosine * rows[-1] + math.sqrt(1 - cosine**2) * np.eye(1, width, layer)[0])
    return vectors.SteeringVector(dict(enumerate(rows)))


@pytest.mark.parametrize(
    ("layers", "width", "mean", "low"),
    [
        (36, 2048, 0.747, 0.522),
        (36, 2048, 0.920, None),
        (28, 3072, 0.742, 0.428),
        (28, 3072, 0.878, 0.704),
    ],
    ids=["qwen last", "qwen mean", "llama last", "llama mean"],
)
def test_layer_consistency_of_its_four_files(layers: int, width: int, mean: float, low: float | None) -> None:
    lowest, pairs = mean if low is None else low, layers - 1
    cosines = [(mean * pairs - lowest) / (pairs - 1)] * pairs
    cosines[pairs // 3] = lowest
    found = chain(cosines, width).card.consistency
    assert found.mean == pytest.approx(mean, abs=1e-6)
    assert found.to_json()["min"] == pytest.approx(lowest, abs=1e-6)
    assert lowest > found.band, "far above what random neighbours reach"
    assert not found.caveat


@pytest.mark.parametrize(("width", "one_deviation"), [(2048, 0.022), (3072, 0.018), (4096, 0.016)])
def test_what_random_neighbours_reach(width: int, one_deviation: float) -> None:
    assert metrics.random_band(width) / 3 == pytest.approx(one_deviation, abs=5e-4)
    chance = np.random.default_rng(0).standard_normal((200, width))
    units = chance / np.linalg.norm(chance, axis=1, keepdims=True)
    assert (units[:-1] * units[1:]).sum(1).std() == pytest.approx(one_deviation, rel=0.15)


def test_its_two_reads_agree_from_the_middle_on() -> None:
    """Last token against response mean of Qwen: 0.11–0.25 up to layer 18, 0.70 at 27 and 28, 0.52 at the end."""
    stated = {0: 0.11, 18: 0.25, 27: 0.70, 28: 0.70, 35: 0.52}
    one = {layer: np.eye(1, 2048)[0] for layer in stated}
    other = {
        L: c * np.eye(1, 2048)[0] + math.sqrt(1 - c * c) * np.eye(1, 2048, 1)[0] for L, c in stated.items()
    }
    last, mean = vectors.SteeringVector(one), vectors.SteeringVector(other)
    found = compare.layer_cosines(last, mean)
    assert found.layers == pytest.approx(stated, abs=1e-6)
    assert max(found.layers, key=lambda layer: found.layers[layer]) in (27, 28)
    assert min(stated.values()) > found.band


def projections(mean: float, spread: float) -> np.ndarray:
    """Twenty with this mean and population deviation, on both sides of it alike."""
    return mean + spread * np.repeat([1.0, -1.0], EACH // 2)


@pytest.mark.parametrize(
    ("assistant", "other", "d", "right"),
    [
        (3.9, -3.3, 11.03, 1.0),  # layer 10, the best one
        (-1.9, None, 4.76, 0.5),  # layer 4: both classes on one side of zero
        (40.6, -17.3, None, 1.0),  # layer 30
    ],
)
def test_mean_projections_of_its_last_token(
    assistant: float, other: float | None, d: float | None, right: float
) -> None:
    spread = 0.3 if other is None or d is None else (assistant - other) / d
    there = assistant - (d or 0) * spread if other is None else other
    x, y = projections(assistant, spread), projections(there, spread)
    found = axes_metrics(x, y)
    assert found["means"] == pytest.approx([assistant, there])
    assert found["accuracy"] == right
    if d is not None:
        assert found["d"] == pytest.approx(d)
    assert metrics.holdout_separation(x, y, (assistant + there) / 2).accuracy == 1.0


@pytest.mark.parametrize("d", [1.8, 5.1])
def test_its_response_means_at_exactly_half(d: float) -> None:
    """Layers 0–7 and 9–23: d from 1.8 to 5.1, and every sign the same."""
    x, y = projections(20 + d, 1.0), projections(20, 1.0)
    found = axes_metrics(x, y)
    assert (found["d"], found["accuracy"]) == (pytest.approx(d), 0.5)
    gaussian = 0.5 * (1 + math.erf(d / 2 / math.sqrt(2)))
    assert metrics.holdout_separation(x, y, 20 + d / 2).accuracy >= gaussian - 0.5


def test_llamas_two_best_layers_come_from_two_rules() -> None:
    """Layer 12 (5.94, all right) in its table, 17 (6.58, one wrong) on another page: accuracy first, or d alone."""
    table = {12: (5.94, 1.0), 17: (6.58, 0.975)}
    found = {
        layer: {"n_holdout": 2 * EACH, "d": d, "axes": {"d": d, "accuracy": right}}
        for layer, (d, right) in table.items()
    }
    assert best_layer(found, "axes") == 12
    assert max(found, key=lambda layer: abs(found[layer]["axes"]["d"])) == 17


@pytest.mark.parametrize(("d", "right"), [(1, 0.69), (2, 0.84), (3, 0.93), (3.66, 0.966), (5.54, 0.997)])
def test_midpoint_accuracies_of_theory(d: float, right: float) -> None:
    chance = np.random.default_rng(7)
    x, y = chance.standard_normal(40_000) + d + 5, chance.standard_normal(40_000) + 5
    hits, total = metrics.threshold_accuracy(x, y, 5 + d / 2)
    assert hits / total == pytest.approx(right, abs=6e-3)


def test_its_twenty_scores_together() -> None:
    """0.709 to 0.859 with a mean of 0.783."""
    runs = rank_runs({f"{n}": with_cosines(published(score)) for n, score in TWENTY_SCORES.items()})
    found = [run.linearity.score for run in runs]
    assert [int(run.name) for run in runs] == list(TWENTY_SCORES)
    assert (max(found), min(found)) == (pytest.approx(0.859), pytest.approx(0.709))
    assert float(np.mean(found)) == pytest.approx(0.783, abs=5e-4)
    assert sum(score >= 0.83 for score in found) == 4


def test_a_shared_adapters_layers_agree_whatever_it_is_worth() -> None:
    """steer-clear's 48 layers: norms 0.36–1.01, neighbours at 0.993–0.9997, stacked essentially of rank 1."""
    wide, narrow = math.acos(0.993), math.acos(0.9997)
    swing = np.concatenate(
        [np.tile([0.0, wide], 20), narrow * np.arange(8)]
    )  # within the plane of one adapter
    norms = np.linspace(0.36, 1.01, 48)
    rows = np.zeros((48, 5120))
    rows[:, 0], rows[:, 1] = norms * np.cos(swing), norms * np.sin(swing)
    found = vectors.SteeringVector(dict(enumerate(rows)))
    agree = found.card.consistency.to_json()
    assert agree["min"] == pytest.approx(0.993, abs=1e-6)
    assert agree["max"] == pytest.approx(0.9997, abs=1e-6)
    assert found.card.consistency.caveat, "which is said where they are shown"
    assert min(found.norms.values()) == pytest.approx(0.36)
    assert max(found.norms.values()) == pytest.approx(1.01)
    values = np.linalg.svd(rows, compute_uv=False)
    assert values[0] == pytest.approx(4.7, rel=0.1)
    assert values[1] < 0.5
    assert values[2] < 0.1
