"""Our statistics beside those of scipy and scikit-learn, which the tests know and the product does not need."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import special, stats
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from vectors.methods.classes import Classes
from vectors.methods.registry import fit_direction
from vectors.statistics import metrics
from vectors.statistics.mann_whitney import mann_whitney
from vectors.statistics.random_directions import random_pairs
from vectors.statistics.significance import incomplete_beta, sign_flip_p, student_p, welch_test

SAMPLES = [(20, 20, 1.5), (7, 31, 0.3), (40, 12, -2.0), (3, 2, 0.0)]


def two(n: int, m: int, gap: float, seed: int = 0, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    x, y = gap + 1.7 * chance.standard_normal(n), chance.standard_normal(m)
    return (np.round(x), np.round(y)) if ties else (x, y)


@pytest.mark.parametrize(("n", "m", "gap"), SAMPLES)
def test_d_is_students_t_without_its_sample_size(n: int, m: int, gap: float) -> None:
    """t = d / √(1/n + 1/m) for pooled variances."""
    x, y = two(n, m, gap)
    t = stats.ttest_ind(x, y).statistic
    assert metrics.cohens_d(x, y) == pytest.approx(t * np.sqrt(1 / n + 1 / m), rel=1e-12)


@pytest.mark.parametrize(("n", "m", "gap"), SAMPLES)
def test_welch(n: int, m: int, gap: float) -> None:
    x, y = two(n, m, gap)
    expected, found = stats.ttest_ind(x, y, equal_var=False), welch_test(x, y)
    assert found["t"] == pytest.approx(expected.statistic, rel=1e-12)
    assert found["df"] == pytest.approx(expected.df, rel=1e-12)
    assert found["p"] == pytest.approx(expected.pvalue, rel=1e-9)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("n", "m", "gap"), [*SAMPLES, (8, 9, 0.5), (9, 9, 0.5), (4, 200, 0.1)])
def test_mann_whitney(n: int, m: int, gap: float, ties: bool) -> None:
    x, y = two(n, m, gap, ties=ties)
    expected = stats.mannwhitneyu(x, y)
    u, p = mann_whitney(x, y)
    assert u == expected.statistic
    assert p == pytest.approx(expected.pvalue, rel=1e-9)


@pytest.mark.parametrize("width", [2, 3, 64, 4096])
def test_random_pairs_have_the_law_of_random_directions(width: int) -> None:
    """cos² of two random directions is Beta(½, (d − 1)/2)."""
    chance = random_pairs(width)
    assert stats.kstest(chance.cosines**2, stats.beta(0.5, (width - 1) / 2).cdf).pvalue > 0.01
    assert stats.binomtest(int((chance.cosines > 0).sum()), chance.cosines.size).pvalue > 0.01


@pytest.mark.parametrize("t", [0.0, 0.3, -1.7, 4.0, 25.0])
@pytest.mark.parametrize("df", [1.0, 2.5, 9.9, 300.0])
def test_students_tail(t: float, df: float) -> None:
    assert student_p(t, df) == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-9, abs=1e-300)


def test_the_incomplete_beta_function() -> None:
    chance = np.random.default_rng(1)
    for a, b, x in zip(*chance.uniform(0.1, 60, (2, 200)), chance.uniform(0, 1, 200), strict=True):
        assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("n", "m", "gap"), SAMPLES)
def test_auroc_is_mann_whitney_and_the_area_under_the_curve(n: int, m: int, gap: float, ties: bool) -> None:
    x, y = two(n, m, gap, ties=ties)
    found = metrics.area_under_roc(x, y)
    assert found == pytest.approx(stats.mannwhitneyu(x, y).statistic / (n * m), abs=1e-12)
    labels = np.repeat([1, 0], [n, m])
    assert found == pytest.approx(roc_auc_score(labels, np.concatenate([x, y])), abs=1e-12)


@pytest.mark.parametrize("threshold", [-0.4, 0.0, 0.6])
def test_accuracy_at_a_threshold(threshold: float) -> None:
    x, y = two(30, 30, 1.0)
    labels, said = np.repeat([1, 0], 30), np.concatenate([x, y]) > threshold
    right, total = metrics.threshold_accuracy(x, y, threshold)
    assert right / total == pytest.approx(balanced_accuracy_score(labels, said))


@pytest.mark.parametrize(("right", "total"), [(0, 1), (20, 40), (39, 40), (40, 40), (3, 7), (970, 1000)])
def test_wilson(right: int, total: int) -> None:
    expected = stats.binomtest(right, total).proportion_ci(method="wilson")
    assert metrics.wilson_interval(right, total) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_interval_of_d_is_the_percentile_bootstrap() -> None:
    x, y = two(40, 40, 1.5)
    expected = stats.bootstrap(
        (x, y), lambda a, b: metrics.cohens_d(a, b), method="percentile", vectorized=False, rng=0
    ).confidence_interval
    assert metrics.d_interval(x, y) == pytest.approx((expected.low, expected.high), abs=0.06)


def test_the_interval_of_a_mean() -> None:
    x, _ = two(50, 2, 1.0)
    expected = stats.bootstrap((x,), np.mean, method="percentile", rng=0).confidence_interval
    assert metrics.mean_interval(x) == pytest.approx((expected.low, expected.high), abs=0.05)


@pytest.mark.parametrize(("n", "gap"), [(8, 0.5), (10, 1.0), (9, 0.0)])
def test_sign_flips_are_scipys_paired_permutations(n: int, gap: float) -> None:
    """All 2ⁿ of them against our sample."""
    x, y = two(n, n, gap)
    exact = stats.permutation_test(
        (x, y), lambda a, b: np.mean(a - b), permutation_type="samples", vectorized=False, n_resamples=np.inf
    )
    assert sign_flip_p(x, y, flips=20_000) == pytest.approx(exact.pvalue, abs=0.012)


def test_slope_and_cosine() -> None:
    chance = np.random.default_rng(2)
    doses, responses = chance.standard_normal((2, 12))
    assert metrics.least_squares_slope(list(doses), responses) == pytest.approx(
        stats.linregress(doses, responses).slope
    )
    one, other = chance.standard_normal((2, 64))
    expected = torch.nn.functional.cosine_similarity(torch.tensor(one), torch.tensor(other), dim=0)
    assert metrics.cosine(one, other) == pytest.approx(float(expected), abs=1e-12)


def classes(seed: int = 0, pairs: int = 80) -> Classes:
    chance = np.random.default_rng(seed)
    axis = chance.standard_normal(48)
    amounts = 1.0 + chance.standard_normal(pairs)
    content = chance.standard_normal((pairs, 48))
    sides = (content + sign * amounts[:, None] * axis / 2 for sign in (1, -1))
    return Classes.of(*(side + 0.3 * chance.standard_normal((pairs, 48)) for side in sides))


def same_line(found: np.ndarray, expected: np.ndarray) -> float:
    return abs(metrics.cosine(found, expected))


def test_pca_is_scikit_learns() -> None:
    """It removes the mean itself: nothing for centred pairs of both signs, everything for the differences."""
    data = classes()
    halves = data.differences.all_rows() / 2
    centred = PCA(1, svd_solver="full").fit(np.concatenate([halves, -halves])).components_[0]
    assert same_line(fit_direction("pca-centered", data), centred) == pytest.approx(1.0, abs=1e-12)
    differences = PCA(1, svd_solver="full").fit(data.differences.all_rows()).components_[0]
    assert same_line(fit_direction("pca-diff", data), differences) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("pairs", [80, 20])
def test_the_probe_is_scikit_learns(pairs: int) -> None:
    """With more rows than dimensions, and with fewer."""
    data = classes(3, pairs)
    rows = data.both.all_rows()
    rows = rows - rows.mean(0)
    rows /= np.sqrt((rows**2).sum(1).mean())
    probe = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-12, max_iter=500)
    weights = probe.fit(rows, np.repeat([1, 0], pairs)).coef_[0]
    assert same_line(fit_direction("logistic", data), weights) == pytest.approx(1.0, abs=1e-9)
