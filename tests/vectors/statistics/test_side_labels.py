"""Tests of which side a text is on: exact figures, certain cases, and the right rate of alarms under the null."""

from __future__ import annotations

import random

import pytest

from vectors.statistics.side_labels import category_accuracy, exact_sign_test, paired_share


@pytest.mark.parametrize(
    ("more", "less", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (0, 5, 0.0625), (9, 1, 22 / 1024)],
)
def test_the_sign_test_is_exact(more: int, less: int, p: float) -> None:
    assert exact_sign_test(more, less) == pytest.approx(p)


def test_the_sign_test_takes_thousands_of_pairs() -> None:
    assert exact_sign_test(3000, 0) == 0.0
    assert exact_sign_test(1500, 1500) == 1.0


def test_a_share_is_the_auroc_of_having() -> None:
    assert paired_share(10, 0, 10) == 1.0
    assert paired_share(0, 5, 10) == 0.25
    assert paired_share(0, 0, 10) == 0.5


def test_a_category_that_is_the_side_is_found() -> None:
    accuracy, p = category_accuracy(["?"] * 20, ["."] * 20)
    assert accuracy == 1.0
    assert p == pytest.approx(1 / 2000)


def test_categories_that_occur_once_tell_nothing() -> None:
    """Learned on the pair itself they would tell everything."""
    accuracy, p = category_accuracy([f"a{n}" for n in range(30)], [f"b{n}" for n in range(30)])
    assert accuracy == 0.5
    assert p == 1.0


def test_equal_sides_tell_nothing() -> None:
    same = ["x", "y", "z"] * 10
    assert category_accuracy(same, same) == (0.5, 1.0)


def test_the_null_raises_an_alarm_one_time_in_twenty() -> None:
    """Both sides from one distribution: p < 0.05 in 5 % of 300 sets, with room for four standard errors."""
    rng = random.Random(5)
    alarms = sum(
        category_accuracy(rng.choices("abcdef", k=40), rng.choices("abcdef", k=40), seed=n, flips=199)[1]
        < 0.05
        for n in range(300)
    )
    assert alarms <= 0.05 * 300 + 4 * (300 * 0.05 * 0.95) ** 0.5
