"""The statistics against known answers, and over many simulated runs: a p is uniform where there is nothing to find,
and 95 of 100 intervals hold what they are about."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sessions.experiments.common import statistics
from sessions.experiments.common.statistics import (
    NOTHING,
    binomial_p,
    bootstrap_interval,
    estimate_mean,
    estimate_share,
    paired_difference,
)

RUNS = 500


def uniform(p_values: list[float]) -> float:
    """Kolmogorov–Smirnov distance from the uniform distribution."""
    ordered = np.sort(p_values)
    places = np.arange(1, ordered.size + 1) / ordered.size
    return float(np.abs(ordered - places).max())


def test_p_is_uniform_where_conditions_do_not_differ() -> None:
    chance = np.random.default_rng(5)
    found = []
    for run in range(RUNS):
        prompts = chance.normal(0, 3, 16)
        one, other = (prompts + chance.normal(0, 1, 16) for _ in range(2))
        found.append(paired_difference(one.tolist(), other.tolist(), seed=run).p or 0.0)
    assert uniform(found) < 1.63 / math.sqrt(RUNS)  # 1 % point of the test of uniformity
    assert 0.03 < np.mean(np.array(found) <= 0.05) < 0.08


def test_p_is_small_where_they_do() -> None:
    one = np.random.default_rng(1).normal(1, 0.5, 16)
    assert (paired_difference(one.tolist(), [0.0] * 16).p or 1.0) < 0.001


def test_pairing_finds_what_the_spread_of_prompts_hides() -> None:
    chance = np.random.default_rng(2)
    prompts = chance.normal(0, 10, 16)
    better = (prompts + 0.5 + chance.normal(0, 0.1, 16)).tolist()
    assert (paired_difference(better, prompts.tolist()).p or 1.0) < 0.001


@pytest.mark.parametrize(("n", "least"), [(8, 0.92), (16, 0.92), (40, 0.925)])
def test_intervals_of_a_mean_cover_at_their_rate(n: int, least: float) -> None:
    chance = np.random.default_rng(n)
    held = 0
    for run in range(RUNS):
        low, high = bootstrap_interval(chance.normal(1.0, 2.0, n).tolist(), seed=run)
        assert low is not None
        assert high is not None
        held += low <= 1.0 <= high
    assert least < held / RUNS < 0.98


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_intervals_of_a_share_cover_at_their_rate(rate: float) -> None:
    chance = np.random.default_rng(11)
    found = [estimate_share(int(hits), 24) for hits in chance.binomial(24, rate, RUNS)]
    held = sum(one.lo <= rate <= one.hi for one in found if one.lo is not None and one.hi is not None)
    assert 0.92 < held / RUNS < 0.99


def test_the_quantile_of_student() -> None:
    """Table values of t_{0.975}."""
    for df, t in ((1, 12.706), (7, 2.365), (15, 2.131), (120, 1.980)):
        assert statistics.student_quantile(df) == pytest.approx(t, abs=2e-3)


def test_an_estimate_holds_its_point_and_counts_what_was_measured() -> None:
    found = estimate_mean([0.2, None, 0.4, 0.9, None])
    assert found.n == 3
    assert found.value == pytest.approx(0.5)
    assert found.lo is not None
    assert found.hi is not None
    assert found.lo <= found.value <= found.hi


def test_nothing_measured_is_no_number() -> None:
    assert estimate_mean([None, None]) == NOTHING
    assert paired_difference([None, 1.0, 2.0], [1.0, None, None]).p is None
    assert estimate_share(0, 0) == NOTHING


def test_an_unparsed_score_is_left_out_and_not_averaged() -> None:
    """The source's judge counts −1 into the number of scores but not into their sum: 6 instead of 8."""
    assert estimate_mean([8.0, None, 7.0, 9.0]).value == pytest.approx(8.0)


def test_shares_have_a_width_at_the_ends() -> None:
    found = estimate_mean([1.0] * 40, shares=True)
    assert found.lo == pytest.approx(0.912, abs=1e-3)
    assert found.hi == 1.0


def test_what_is_no_share_is_resampled_even_if_it_is_0_everywhere() -> None:
    """A divergence of 0 from itself is 0, not something up to 0.3."""
    assert estimate_mean([0.0] * 8).hi == 0.0


def test_exact_binomial() -> None:
    """Two-sided, by hand: 9 of 10 is 2 · 11/1024; 5 of 10 is 1."""
    assert binomial_p(9, 10) == pytest.approx(22 / 1024)
    assert binomial_p(1, 10) == pytest.approx(22 / 1024)
    assert binomial_p(5, 10) == 1.0
    assert binomial_p(0, 0) == 1.0


def test_holm_leaves_out_what_has_no_p() -> None:
    assert statistics.holm_adjusted({"a": 0.01, "b": None, "c": 0.04}) == {"a": 0.02, "b": None, "c": 0.04}


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).normal(size=9).tolist()
    assert estimate_mean(values, 3) == estimate_mean(values, 3)
    assert estimate_mean(values, 3) != estimate_mean(values, 4)
