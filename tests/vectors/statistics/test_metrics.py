"""Every number has a planted case with a known answer, a null case, and a naive second opinion."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectors.statistics import metrics

SMALL = st.lists(st.integers(-4, 4), min_size=2, max_size=12)


def normal_cdf(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def gaussians(gap: float, n: int = 4000, seed: int = 1, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    return chance.standard_normal(n) + gap + shift, chance.standard_normal(n) + shift


def naive_d(x: list[float], y: list[float]) -> float:
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    squares = sum((v - mean_x) ** 2 for v in x) + sum((v - mean_y) ** 2 for v in y)
    return (mean_x - mean_y) / math.sqrt(squares / (len(x) + len(y) - 2))


@pytest.mark.parametrize("gap", [0.0, 1.0, 3.66, 5.54])
def test_planted_gaps_give_the_figures_of_theory(gap: float) -> None:
    x, y = gaussians(gap, shift=30.0)
    found = metrics.holdout_separation(x, y, (x.mean() + y.mean()) / 2)
    assert found.d == pytest.approx(gap, abs=0.08)
    assert found.d_ci[0] <= gap <= found.d_ci[1]
    assert found.accuracy == pytest.approx(normal_cdf(gap / 2), abs=0.02)
    assert found.auroc == pytest.approx(normal_cdf(gap / math.sqrt(2)), abs=0.02)
    assert found.sign_accuracy == 0.5
    assert found.n_holdout == 8000


def test_the_null_stays_within_its_intervals() -> None:
    inside_d = inside_accuracy = 0
    for seed in range(200):
        x, y = gaussians(0.0, n=30, seed=seed)
        low, high = metrics.d_interval(x, y, resamples=400)
        inside_d += low <= 0 <= high
        low, high = metrics.wilson_interval(*metrics.threshold_accuracy(x, y, 0.0))
        inside_accuracy += low <= 0.5 <= high
    assert inside_d >= 175  # 95 % of 200 is 190; bootstrap at n = 30 runs a little narrow
    assert inside_accuracy >= 180


def test_noise_looks_like_a_direction_until_it_is_held_out() -> None:
    chance = np.random.default_rng(3)
    classes = chance.standard_normal((2, 2, 80, 2048))
    direction = classes[0, 0].mean(0) - classes[0, 1].mean(0)
    direction /= np.linalg.norm(direction)
    within, held_out = ([rows @ direction for rows in half] for half in classes)
    assert metrics.cohens_d(*within) > 6
    assert abs(metrics.cohens_d(*held_out)) < 1


@given(SMALL, SMALL)
def test_d_equals_a_naive_sum_and_its_invariants_hold(x: list[int], y: list[int]) -> None:
    d = metrics.cohens_d(x, y)
    if len({*x}) > 1 or len({*y}) > 1:
        assert d == pytest.approx(naive_d(x, y), abs=1e-9)
        assert metrics.cohens_d(np.array(x) * 3 + 7, np.array(y) * 3 + 7) == pytest.approx(d, abs=1e-9)
        assert metrics.cohens_d(y, x) == pytest.approx(-d, abs=1e-9)
    if len(x) == len(y) and math.isfinite(d):
        assert metrics.population_d(x, y) == pytest.approx(d * math.sqrt(len(x) / (len(x) - 1)), abs=1e-9)


@given(SMALL, SMALL)
def test_auroc_counts_pairs(x: list[int], y: list[int]) -> None:
    naive = sum((a > b) + (a == b) / 2 for a in x for b in y) / (len(x) * len(y))
    assert metrics.area_under_roc(x, y) == pytest.approx(naive, abs=1e-12)
    assert metrics.area_under_roc(y, x) == pytest.approx(1 - naive, abs=1e-12)


@given(SMALL, st.integers(0, 1000))
def test_pair_accuracy_and_threshold_accuracy_count(x: list[int], seed: int) -> None:
    y = np.random.default_rng(seed).integers(-4, 5, len(x))
    naive = sum((a > b) + (a == b) / 2 for a, b in zip(x, y, strict=True)) / len(x)
    assert metrics.pair_accuracy(x, y) == pytest.approx(naive)
    right, total = metrics.threshold_accuracy(x, y, 1.0)
    ties = sum(a == 1 for a in [*x, *y])
    assert total == 2 * len(x)
    assert right == sum(a > 1 for a in x) + sum(b < 1 for b in y) + ties // 2


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(40, 40, 0.912, 1.0), (39, 40, 0.871, 0.996), (0, 10, 0.0, 0.278), (5, 10, 0.237, 0.763)],
)
def test_wilson_intervals_of_the_books(right: int, total: int, low: float, high: float) -> None:
    assert metrics.wilson_interval(right, total) == pytest.approx((low, high), abs=6e-4)


def test_wilson_of_nothing_is_everything() -> None:
    assert metrics.wilson_interval(0, 0) == (0.0, 1.0)


def test_split_half_is_high_for_a_planted_direction_and_random_without() -> None:
    chance = np.random.default_rng(4)
    width = 512
    planted = np.zeros(width)
    planted[0] = 5.0
    noise = chance.standard_normal((2, 100, width))
    apart = noise[0] + planted - noise[1]
    found = metrics.split_half_cosine([apart], 100)
    assert found == pytest.approx(naive_split_half(5.0, width), abs=0.05)
    assert metrics.split_half_cosine([apart[:30], apart[30:]], 100) == pytest.approx(found, abs=1e-12)
    assert abs(metrics.split_half_cosine([noise[0] - noise[1]], 100)) < metrics.random_band(width)


def naive_split_half(gap: float, width: int) -> float:
    """Two halves of 50 pairs: signal gap² against noise of width · 2/50 each."""
    return gap**2 / (gap**2 + width * 2 / 50)


def test_coherence_is_planted_and_null() -> None:
    chance = np.random.default_rng(5)
    direction = chance.standard_normal(256)
    direction /= np.linalg.norm(direction)
    noise = chance.standard_normal((2, 60, 256))
    apart = noise[0] - noise[1]
    assert min(metrics.pair_coherence([apart + 200 * direction], direction)) > 0.98
    with_direction, of_pairs = metrics.pair_coherence([apart[:7], apart[7:]], 3 * direction)
    assert with_direction == pytest.approx(np.mean([metrics.cosine(row, direction) for row in apart]))
    every = [metrics.cosine(a, b) for i, a in enumerate(apart) for b in apart[:i]]
    assert of_pairs == pytest.approx(np.mean(every))
    assert max(abs(with_direction), abs(of_pairs)) < metrics.random_band(256) / 2


def test_slopes_and_intervals_of_means() -> None:
    doses = (-2, -1, 0, 1, 2)
    assert metrics.least_squares_slope(doses, [3 * dose + 7 for dose in doses]) == pytest.approx(3.0)
    assert metrics.least_squares_slope(doses, [1, -1, 0, -1, 1]) == pytest.approx(0.0)
    low, high = metrics.mean_interval(np.random.default_rng(1).standard_normal(400) + 2)
    assert low < 2 < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.2)


def test_repetition_counts_what_came_before() -> None:
    assert metrics.repeated_ngram_share(list(range(50))) == 0.0
    assert metrics.repeated_ngram_share([1, 2] * 30) == pytest.approx(1 - 2 / 57)
    assert metrics.repeated_ngram_share([1, 2, 3]) == 0.0


def test_spread_is_what_numpy_says() -> None:
    values = np.random.default_rng(2).standard_normal(33)
    found = metrics.summarize_projections(values)
    assert found["std"] == pytest.approx(values.std(ddof=1))
    assert [found[f"p{q}"] for q in (5, 25, 50, 75, 95)] == pytest.approx(
        np.percentile(values, (5, 25, 50, 75, 95))
    )
    assert metrics.summarize_projections([2.0]) == {"mean": 2.0, "std": 0.0} | {
        f"p{q}": 2.0 for q in (5, 25, 50, 75, 95)
    }


def test_no_spread_at_all_is_no_division_by_zero() -> None:
    assert metrics.cohens_d([1, 1], [1, 1]) == 0.0
    assert metrics.cohens_d([2, 2], [1, 1]) == math.inf
    assert metrics.cosine([0.0, 0.0], [1.0, 0.0]) == 0.0
    assert metrics.d_interval([1, 1], [1, 1]) == (0.0, 0.0)
