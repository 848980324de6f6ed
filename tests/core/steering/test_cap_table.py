"""The cap table is held against the definition of what it computes, not against the other solvers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.steering.caps import NEVER, active_inverses, cap_states, correct_projections

TRIALS = 300


def directions(count: int, cosine: float) -> np.ndarray:
    """A Gram matrix whose mutual cosines are all the same."""
    return np.full((count, count), cosine) + (1 - cosine) * np.eye(count)


def solved(gram: np.ndarray, q: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    caps = gram.shape[0]
    tensors = [
        torch.from_numpy(x).float()
        for x in (q, low, high, gram, active_inverses(gram, caps), cap_states(caps))
    ]
    return correct_projections(*tensors).double().numpy()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("cosine", [0.0, 0.3, 0.6, 0.9, -0.3])
def test_it_is_the_smallest_correction_that_satisfies_all(count: int, cosine: float) -> None:
    """The conditions of Karush, Kuhn and Tucker, which the minimum of e G eᵀ alone satisfies."""
    gram = directions(count, cosine)
    dice = np.random.default_rng(count)
    q = dice.normal(size=(TRIALS, count)) * 2
    low, high = np.full_like(q, -0.5), np.full_like(q, 0.5)
    e = solved(gram, q, low, high)
    after = q + e @ gram
    slack = 2e-5
    assert (after >= low - slack).all()
    assert (after <= high + slack).all()
    inside = (after > low + slack) & (after < high - slack)
    assert np.abs(e[inside]).max(initial=0.0) < slack
    assert (e[after < -0.4] >= -slack).all()
    assert (e[after > 0.4] <= slack).all()


def test_a_bound_that_never_binds_corrects_nothing() -> None:
    gram = directions(4, 0.6)
    q = np.random.default_rng(0).normal(size=(TRIALS, 4)) * 5
    assert not solved(gram, q, np.full_like(q, -NEVER), np.full_like(q, NEVER)).any()


def test_empty_slots_stay_out_of_it() -> None:
    """One cap among three slots that hold zero rows."""
    gram = np.zeros((4, 4))
    gram[0, 0] = 1.0
    q = np.array([[2.0, 0.0, 0.0, 0.0]])
    high = np.array([[0.5, NEVER, NEVER, NEVER]])
    np.testing.assert_allclose(solved(gram, q, -np.full((1, 4), NEVER), high), [[-1.5, 0, 0, 0]], atol=1e-6)


def test_dependent_directions_find_the_nearest_there_is() -> None:
    """Three caps in a plane whose bounds agree: the Gram matrix has no inverse, the answer exists all the same."""
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    gram, q = rows @ rows.T, np.array([[2.0, 2.0, 2.8]])
    high = np.array([[0.5, 0.5, 0.7]])
    e = solved(gram, q, np.full((1, 3), -NEVER), high)
    assert (q + e @ gram <= high + 1e-4).all()


def test_every_state_is_there_once() -> None:
    at_floor, at_ceiling = cap_states(4)
    assert at_floor.shape == (4, 81)
    assert not (at_floor * at_ceiling).any()
    assert len({tuple(column) for column in (at_floor - at_ceiling).T}) == 81
    assert not (at_floor + at_ceiling)[:, 0].any()
