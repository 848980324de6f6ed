"""Tests of chance against hand-worked cases, tables, and their own promise under the null."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from core.errors import UsageError
from vectors import metrics
from vectors.extraction.ranking import best_layer
from vectors.extraction.significance import holm, sign_flip_p, student_p, welch


def test_holm_by_hand() -> None:
    found = holm({0: 0.01, 1: 0.04, 2: 0.03, 3: 0.005})
    assert found == pytest.approx({0: 0.03, 1: 0.06, 2: 0.06, 3: 0.02})
    assert holm({0: 0.9, 1: 0.8}) == {0: 1.0, 1: 1.0}


@pytest.mark.parametrize(
    ("t", "df", "p"),
    [
        (12.706, 1, 0.05), (2.228, 10, 0.05), (2.086, 20, 0.05), (2.845, 20, 0.01),
        (1.96, 1e7, 0.05), (0.0, 5, 1.0), (1.0, 1, 0.5),
    ],
)  # fmt: skip
def test_student_as_in_the_tables(t: float, df: float, p: float) -> None:
    assert student_p(t, df) == pytest.approx(p, abs=2e-4)


def test_welch_on_a_published_example() -> None:
    """The second example of the Wikipedia article on Welch's t-test."""
    one = [17.2, 20.9, 22.6, 18.1, 21.7, 21.4, 23.5, 24.2, 14.7, 21.8]
    other = [
        *(21.5, 22.8, 21.0, 23.0, 21.6, 23.6, 22.5, 20.7, 23.4, 21.8),
        *(20.7, 21.7, 21.5, 22.5, 23.6, 21.5, 22.5, 23.5, 21.5, 21.8),
    ]
    found = welch(one, other)
    assert found["t"] == pytest.approx(-1.57, abs=0.01)
    assert found["df"] == pytest.approx(9.9, abs=0.05)
    assert found["p"] == pytest.approx(0.149, abs=0.002)


def test_sign_flips_equal_all_of_them() -> None:
    x, y = np.array([1.0, 2.5, 0.3, 1.7, 2.2, 0.9]), np.zeros(6)
    every = [abs(np.dot(signs, x)) for signs in itertools.product((1, -1), repeat=6)]
    exact = np.mean([total >= x.sum() - 1e-12 for total in every])
    assert sign_flip_p(x, y, flips=20_000) == pytest.approx(exact, abs=0.005)


def test_sign_flips_are_uniform_under_the_null() -> None:
    chance = np.random.default_rng(0)
    p = np.sort([sign_flip_p(*chance.standard_normal((2, 20)), seed=n, flips=400) for n in range(300)])
    assert np.abs(p - (np.arange(300) + 0.5) / 300).max() < 1.63 / math.sqrt(300)


def projections(mean: float, spread: float, count: int) -> np.ndarray:
    """A sample with exactly this mean and population spread."""
    sample = np.linspace(-1, 1, count)
    return mean + spread * (sample - sample.mean()) / sample.std()


def outlier(count: int) -> np.ndarray:
    """Mean 0, population spread 1, all but one of them equal."""
    sample = np.array([-1.0] + [0.0] * (count - 1))
    return (sample - sample.mean()) / sample.std()


PUBLISHED = {  # llm-personality-axes: best layer, d, accuracy at zero, of 40 held-out prompts
    "qwen last": (10, 11.03, 1.0),
    "qwen mean": (28, 3.66, 0.975),
    "llama last": (13, 5.54, 0.975),
    "llama mean": (12, 5.94, 1.0),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_table_of_the_axes(name: str) -> None:
    """Its d is ours with population variances, its accuracy ours at zero, its best layer ours by `axes`."""
    layer, d, accuracy = PUBLISHED[name]
    rows = {}
    for number, strength in ((layer, d), (layer + 1, d - 0.5)):
        x, y = projections(strength / 2, 1.0, 20), projections(-strength / 2, 1.0, 20)
        if accuracy < 1:  # one prompt on the wrong side of zero, the others all alike
            x = 2.0 + outlier(20)
            y = projections(2.0 - strength * math.sqrt((1 + 0.1**2) / 2), 0.1, 20)
        found = metrics.separation(x, y, 0.0)
        rows[number] = found.to_json() | {"population_d": metrics.population_d(x, y)}
    assert rows[layer]["population_d"] == pytest.approx(d)
    assert rows[layer]["sign_accuracy"] == accuracy
    assert best_layer(rows, "axes") == layer


def test_large_d_with_half_of_the_signs_wrong() -> None:
    """Its layer 4: d = 4.76 and accuracy 0.50, because both classes lie on one side of zero."""
    x, y = projections(10 + 4.76, 1.0, 20), projections(10.0, 1.0, 20)
    found = metrics.separation(x, y, 10 + 2.38)
    assert metrics.population_d(x, y) == pytest.approx(4.76)
    assert found.sign_accuracy == 0.5
    assert found.accuracy > 0.95
    assert found.d == pytest.approx(4.76 * math.sqrt(19 / 20))


def test_rules_can_disagree_and_are_named() -> None:
    rows = {
        3: {"accuracy": 1.0, "d": 4.0, "sign_accuracy": 0.5, "population_d": 4.1, "n_holdout": 40},
        5: {"accuracy": 0.9, "d": 3.0, "sign_accuracy": 0.9, "population_d": 3.1, "n_holdout": 40},
    }
    assert (best_layer(rows), best_layer(rows, "axes")) == (3, 5)
    assert best_layer({}) is None
    with pytest.raises(UsageError, match="no rule 'luck'"):
        best_layer(rows, "luck")
