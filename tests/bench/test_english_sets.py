"""Intervals of d over clusters of pairs: as wide as the clusters say, and around 0 where nothing differs."""

from __future__ import annotations

import numpy as np
import pytest

from bench.english_sets import _weighted_d, clustered_interval, random_d
from vectors.statistics.metrics import cohens_d, d_interval


def test_over_pairs_a_difference_that_every_pair_has_is_narrower_than_over_texts() -> None:
    chance = np.random.default_rng(0)
    of_pair = chance.normal(size=60)
    x, y = of_pair + 1 + 0.1 * chance.normal(size=60), of_pair
    over_pairs, over_texts = clustered_interval(x, y, range(60)), d_interval(x, y)
    assert over_pairs[0] < cohens_d(x, y) < over_pairs[1]
    assert over_pairs[1] - over_pairs[0] < 0.75 * (over_texts[1] - over_texts[0])


def test_over_domains_that_disagree_it_is_wider_than_over_pairs() -> None:
    chance = np.random.default_rng(1)
    domains = np.repeat(np.arange(6), 20)
    effect = np.array([3.0, 3.0, 3.0, 0.0, 0.0, 0.0])[domains]
    x, y = effect + chance.normal(size=120), chance.normal(size=120)
    over_domains, over_pairs = clustered_interval(x, y, domains), clustered_interval(x, y, range(120))
    assert over_domains[1] - over_domains[0] > 1.5 * (over_pairs[1] - over_pairs[0])


@pytest.mark.parametrize("clusters", ["pairs", "domains"])
def test_the_null_lies_within_its_interval_about_as_often_as_it_says(clusters: str) -> None:
    inside = 0
    for seed in range(100):
        chance = np.random.default_rng(seed)
        x, y = chance.normal(size=(2, 60))
        low, high = clustered_interval(x, y, range(60) if clusters == "pairs" else np.arange(60) % 10)
        inside += low <= 0 <= high
    # 95 of 100; a bootstrap over ten clusters runs a little narrow.
    assert 82 <= inside <= 99


def test_clusters_of_one_pair_are_weighted_as_if_they_were_written_out() -> None:
    x, y = np.array([3.0, 4.0, 6.0]), np.array([1.0, 0.0, 2.0])
    found = _weighted_d(x, y, np.array([[2.0, 1.0, 1.0]]))
    assert found[0] == pytest.approx(cohens_d([3, 3, 4, 6], [1, 1, 0, 2]))


def test_random_directions_see_noise_as_noise_and_a_shift_of_everything_as_one() -> None:
    states = np.random.default_rng(2).normal(size=(120, 40))
    assert random_d(states) < 0.5
    states[0::2] += 3.0
    assert random_d(states) > 3
