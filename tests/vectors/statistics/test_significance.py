"""Tests of chance against hand-worked cases, tables, and their own promise under the null."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from core.errors import UsageError
from vectors.extraction.ranking import best_layer
from vectors.statistics.mann_whitney import mann_whitney, u_distribution
from vectors.statistics.significance import holm_correction, sign_flip_p, student_p, welch_test


def test_holm_by_hand() -> None:
    found = holm_correction({0: 0.01, 1: 0.04, 2: 0.03, 3: 0.005})
    assert found == pytest.approx({0: 0.03, 1: 0.06, 2: 0.06, 3: 0.02})
    assert holm_correction({0: 0.9, 1: 0.8}) == {0: 1.0, 1: 1.0}


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
    found = welch_test(one, other)
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


def test_mann_whitney_by_hand() -> None:
    assert mann_whitney([3.0, 4.0], [1.0, 2.0]) == (4.0, pytest.approx(1 / 3))
    assert u_distribution(2, 2) == pytest.approx(np.array([1, 1, 2, 1, 1]) / 6)
    assert mann_whitney([1.0, 1.0], [1.0, 1.0]) == (2.0, 1.0)


def test_mann_whitney_finds_a_planted_gap_and_is_uniform_without_one() -> None:
    chance = np.random.default_rng(1)
    assert mann_whitney(2 + chance.standard_normal(20), chance.standard_normal(20))[1] < 1e-4
    p = np.sort([mann_whitney(*chance.standard_normal((2, 20)))[1] for _ in range(300)])
    assert np.abs(p - (np.arange(300) + 0.5) / 300).max() < 1.63 / math.sqrt(300)


def test_rules_can_disagree_and_are_named() -> None:
    rows = {
        3: {"accuracy": 1.0, "d": 4.0, "axes": {"accuracy": 0.5, "d": 4.1}, "n_holdout": 40},
        5: {"accuracy": 0.9, "d": 3.0, "axes": {"accuracy": 0.9, "d": 3.1}, "n_holdout": 40},
    }
    assert (best_layer(rows), best_layer(rows, "axes")) == (3, 5)
    assert best_layer({}) is None
    with pytest.raises(UsageError, match="no rule 'luck'"):
        best_layer(rows, "luck")
