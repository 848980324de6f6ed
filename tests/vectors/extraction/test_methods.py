"""Every method on planted directions, against its own failure, and against an account written independently."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import UsageError
from vectors.methods import logistic
from vectors.methods.classes import Classes
from vectors.methods.registry import METHODS, fit_direction, orient_direction

WIDTH, PAIRS = 256, 200


def planted(gap: float, varying: float, noise: float = 0.25, seed: int = 0) -> tuple[Classes, np.ndarray]:
    """Pairs with a shared content, apart by `gap` ± `varying` along one direction."""
    chance = np.random.default_rng(seed)
    axis = chance.standard_normal(WIDTH)
    axis /= np.linalg.norm(axis)
    content = chance.standard_normal((PAIRS, WIDTH))
    amounts = gap + varying * chance.standard_normal(PAIRS)
    sides = [
        content + sign * amounts[:, None] / 2 * axis + noise * chance.standard_normal((PAIRS, WIDTH))
        for sign in (1, -1)
    ]
    return Classes.of(*sides), axis


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"pca-diff"}))
def test_a_planted_direction_is_recovered(name: str) -> None:
    classes, axis = planted(gap=5.0, varying=0.3)
    assert cosine(fit_direction(name, classes), axis) > 0.95


def test_pca_diff_loses_a_constant_gap_and_finds_a_varying_one() -> None:
    """A gap that all pairs share is their mean, which this method removes first; the same gap, spread, is left."""
    constant, axis = planted(gap=5.0, varying=0.0)
    assert abs(cosine(fit_direction("pca-diff", constant), axis)) < 0.3
    varying, axis = planted(gap=5.0, varying=3.0)
    assert cosine(fit_direction("pca-diff", varying), axis) > 0.95


@pytest.mark.parametrize("name", METHODS)
def test_pure_noise_gives_no_direction(name: str) -> None:
    classes, axis = planted(gap=0.0, varying=0.0)
    assert abs(cosine(fit_direction(name, classes), axis)) < 3.5 / np.sqrt(WIDTH)


def repeng(positive: np.ndarray, negative: np.ndarray, how: str) -> np.ndarray:
    """Its procedure as published: rows interleaved, then centred or subtracted, then sklearn's centred PCA."""
    states = np.empty((2 * len(positive), positive.shape[1]))
    states[::2], states[1::2] = positive, negative
    if how == "pca_center":
        middle = (states[::2] + states[1::2]) / 2
        train = states.copy()
        train[::2] -= middle
        train[1::2] -= middle
    else:
        train = states[::2] - states[1::2]
    component = np.linalg.svd(train - train.mean(0), full_matrices=False)[2][0]
    projected = states @ component
    smaller = np.mean(projected[::2] < projected[1::2])
    return -component if smaller > np.mean(projected[::2] > projected[1::2]) else component


@pytest.mark.parametrize(("ours", "theirs"), [("pca-centered", "pca_center"), ("pca-diff", "pca_diff")])
@pytest.mark.parametrize(("pairs", "width"), [(30, 64), (200, 32)])
def test_pca_equals_repengs_procedure(ours: str, theirs: str, pairs: int, width: int) -> None:
    chance = np.random.default_rng(5)
    positive = chance.standard_normal((pairs, width)) + 1.5 * chance.standard_normal(width)
    negative = chance.standard_normal((pairs, width))
    found = fit_direction(ours, Classes.of(positive, negative))
    assert cosine(found, repeng(positive, negative, theirs)) == pytest.approx(1.0, abs=1e-9)


def test_the_probe_is_the_minimum_of_its_loss() -> None:
    """torch's L-BFGS on the loss as it stands in the docstring, in the full width."""
    classes, _ = planted(gap=1.0, varying=0.3)
    rows = classes.both.all_rows()
    rows = rows - rows.mean(0)
    rows /= np.sqrt((rows**2).sum(1).mean())
    inputs, labels = torch.tensor(rows), torch.tensor([1.0] * PAIRS + [-1.0] * PAIRS, dtype=torch.float64)
    weights = torch.zeros(WIDTH + 1, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=2000, tolerance_grad=1e-12, tolerance_change=1e-16)

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        margin = labels * (inputs @ weights[:-1] + weights[-1])
        loss = torch.nn.functional.softplus(-margin).sum() + weights[:-1].square().sum() / 2
        loss.backward()
        return loss

    for _ in range(5):
        optimiser.step(step)  # type: ignore[no-untyped-call]
    found = logistic.logistic_direction(classes)
    assert cosine(found, weights.detach().numpy()[:-1]) == pytest.approx(1.0, abs=1e-8)


def test_the_axis_counts_roles_alike() -> None:
    positive = np.zeros((4, 2))
    negative = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    classes = Classes.of(positive, negative, ["pirate", "pirate", "pirate", "poet"])
    assert fit_direction("assistant-axis", classes).tolist() == [-0.5, -0.5]
    assert fit_direction("mean", classes).tolist() == [-0.75, -0.25]


def test_mean_keeps_its_length_and_others_take_the_gap() -> None:
    classes, _ = planted(gap=5.0, varying=0.3)
    assert np.allclose(
        fit_direction("mean", classes),
        classes.positive.all_rows().mean(0) - classes.negative.all_rows().mean(0),
    )
    for name in ("pca-centered", "logistic"):
        found = fit_direction(name, classes)
        unit = found / np.linalg.norm(found)
        assert np.linalg.norm(found) == pytest.approx(classes.gap(unit))


def test_the_vote_turns_a_backward_direction() -> None:
    classes, axis = planted(gap=5.0, varying=0.3)
    assert cosine(orient_direction(-axis, classes), axis) == pytest.approx(1.0)


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(UsageError, match="no method 'umap'; there is mean"):
        fit_direction("umap", planted(1.0, 0.0)[0])
