"""The smallest correction, judged by its own optimality conditions and by trying every set of binding bounds."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.steering import caps
from core.steering.algebra import SteeringProgram, steer_array
from core.steering.shared_rows import as_tensors
from tests.core.reference import INF, Touch, capped

SIZE = 12


def scene(seed, count, cosine):
    """A state, `count` unit rows at about one mutual cosine, and bounds of every kind."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=SIZE)
    common /= np.linalg.norm(common)
    rows = rng.normal(size=(count, SIZE))
    rows -= np.outer(rows @ common, common)
    rows = np.sqrt(1 - cosine) * rows / np.linalg.norm(rows, axis=1, keepdims=True) + np.sqrt(cosine) * common
    rows *= rng.choice([1, 1, -1], size=(count, 1))
    low = rng.normal(size=count) * 2
    high = low + rng.choice([0.0, 0.5, 2.0], size=count)
    kinds = rng.integers(0, 4, size=count)
    return rng.normal(size=SIZE) * 3, rows, np.where(kinds == 1, -INF, low), np.where(kinds == 2, INF, high)


def conditions(q, gram, floor, ceiling, e, tolerance):
    """Feasible, and every multiplier pushes away from the bound it stands on: that is the minimum, by convexity."""
    after, slack = q + e @ gram, tolerance * (1 + np.abs(q).max())
    assert (after >= floor - slack).all()
    assert (after <= ceiling + slack).all()
    for x, value, low, high in zip(e, after, floor, ceiling, strict=True):
        if abs(x) > slack:
            assert abs(value - (low if x > 0 else high)) <= slack


def exact(q, gram, floor, ceiling):
    return np.array(caps.correct_floats(q.tolist(), gram.tolist(), floor.tolist(), ceiling.tolist()))


many = st.integers(0, 2**32 - 1)


@settings(max_examples=200, deadline=None)
@given(many, st.integers(1, 6), st.sampled_from([0.0, 0.3, 0.6, 0.9, 0.95, 0.99]))
def test_the_optimality_conditions_hold_at_any_angle(seed, count, cosine):
    h, rows, floor, ceiling = scene(seed, count, cosine)
    q, gram = rows @ h, rows @ rows.T
    conditions(q, gram, floor, ceiling, exact(q, gram, floor, ceiling), 1e-8)
    conditions(q, gram, floor, ceiling, caps.correct_array(q, gram, floor, ceiling, np), 1e-8)


@settings(max_examples=100, deadline=None)
@given(many, st.integers(1, 4), st.sampled_from([0.0, 0.6, 0.95]))
def test_it_is_the_nearest_state_inside_the_bounds(seed, count, cosine):
    h, rows, floor, ceiling = scene(seed, count, cosine)
    touches = [
        Touch(row, floor=low, ceiling=high) for row, low, high in zip(rows, floor, ceiling, strict=True)
    ]
    nearest = capped(h, touches)
    ours = h + exact(rows @ h, rows @ rows.T, floor, ceiling) @ rows
    np.testing.assert_allclose(ours, nearest, atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(many, st.integers(2, 4), st.sampled_from([0.0, 0.3, 0.6, 0.95]))
def test_tensors_reach_the_same_state_in_float32(seed, count, cosine):
    h, rows, floor, ceiling = scene(seed, count, cosine)
    q, gram = rows @ h, rows @ rows.T
    single = [torch.as_tensor(x, dtype=torch.float32) for x in (q, gram, floor, ceiling)]
    table = caps.CapTable.from_gram(gram, list(range(count)), torch.device("cpu"))
    e = caps.correct_array(*single, torch, table).double().numpy()
    left = caps.bound_violation(q + e @ gram, floor, ceiling, np)
    assert (left <= 1e-4 * (1 + np.abs(q))).all()
    np.testing.assert_allclose(e @ rows, exact(q, gram, floor, ceiling) @ rows, atol=2e-3)


@settings(max_examples=60, deadline=None)
@given(many, st.integers(2, 8), st.integers(1, 8), st.sampled_from([0.3, 0.95]))
def test_a_program_on_a_device_reaches_the_state_of_the_same_program_in_numpy(seed, count, bound, cosine):
    """By the table up to four caps, more on the host; rows without a cap only stand by."""
    h, rows, floor, ceiling = scene(seed, count, cosine)
    floor[bound:], ceiling[bound:] = -INF, INF
    arrays = SteeringProgram(rows @ rows.T, floor=floor[None], ceiling=ceiling[None])
    there = as_tensors(arrays, torch.device("cpu"))
    assert there.caps is None or len(there.caps.rows) <= caps.TABLE_CAPS
    p = (rows @ h)[None]
    s, w, _ = steer_array(torch.as_tensor(p, dtype=torch.float32), None, there, torch)
    wanted = steer_array(p, None, arrays, np)[1] @ rows
    assert s == 1.0
    np.testing.assert_allclose(w.double().numpy() @ rows, wanted, atol=2e-3)


@settings(max_examples=40, deadline=None)
@given(st.lists(many, min_size=2, max_size=6), st.integers(2, 4), st.sampled_from([0.3, 0.95]))
def test_rows_of_an_array_do_not_disturb_each_other(seeds, count, cosine):
    _, rows, _, _ = scene(seeds[0], count, cosine)
    gram = rows @ rows.T
    parts = [scene(seed, count, cosine) for seed in seeds]
    q = np.stack([rows @ h for h, *_ in parts])[:, None]
    floor, ceiling = (np.stack([part[i] for part in parts])[:, None] for i in (2, 3))
    together = caps.correct_array(q, gram, floor, ceiling, np)
    for i in range(len(seeds)):
        alone = exact(q[i, 0], gram, floor[i, 0], ceiling[i, 0])
        np.testing.assert_allclose(together[i, 0] @ rows, alone @ rows, atol=1e-7)


@pytest.mark.parametrize("count", [2, 4, 5])
@pytest.mark.parametrize("cosine", [0.0, 0.95])
def test_the_many_rows_of_a_prompt_are_corrected_as_each_alone(count, cosine):
    _, rows, floor, ceiling = scene(count, count, cosine)
    q = np.random.default_rng(1).normal(size=(2, caps.TABLE_ROWS, SIZE)) @ rows.T * 3
    gram = rows @ rows.T
    together = caps.correct_array(q, gram, floor, ceiling, np)
    outside = ((q < floor) | (q > ceiling)).any(-1)
    assert outside.sum() > caps.TABLE_ROWS > caps.TABLE_PAYS
    assert not together[~outside].any()
    for place in np.argwhere(outside)[::29]:
        alone = exact(q[tuple(place)], gram, floor, ceiling)
        np.testing.assert_allclose(together[tuple(place)] @ rows, alone @ rows, atol=1e-9)


def test_a_feasible_point_is_not_enough():
    """Sweeps that stop once all bounds are kept end at e = (−12.4, 3.7) here, and call a move of 8.9 the smallest."""
    gram = np.array([[1, 0.95], [0.95, 1]])
    e = exact(np.array([5.0, 6.0]), gram, np.array([-4.0, -2.0]), np.array([-2.0, -2.0]))
    np.testing.assert_allclose(e, [0.0, -8.0])


def test_what_is_inside_stays_to_the_bit():
    q = np.array([0.1, -0.2, 0.3])
    e = caps.correct_array(q, np.eye(3) * 0.5 + 0.5, np.full(3, -1.0), np.full(3, INF), np)
    assert not e.any()
    assert caps.correct_floats(q.tolist(), np.eye(3).tolist(), [-1.0] * 3, [1.0] * 3) == [0.0] * 3


BLEND = np.array([[1, 0], [0, 1], [np.sqrt(0.5), np.sqrt(0.5)]])


def test_caps_on_two_vectors_and_their_blend_are_solved():
    gram = BLEND @ BLEND.T
    q = BLEND @ np.array([3.0, 2.0])
    floor, ceiling = np.full(3, -INF), np.array([1.0, INF, 1.0])
    for e in (exact(q, gram, floor, ceiling), caps.correct_array(q, gram, floor, ceiling, np)):
        conditions(q, gram, floor, ceiling, e, 1e-9)


def test_a_contradiction_among_dependent_directions_is_known():
    gram = (BLEND @ BLEND.T).tolist()
    assert caps.solve_caps([0.0] * 3, gram, [5.0, 5.0, -INF], [INF, INF, 1.0])[1] is not None
    assert caps.solve_caps([0.0] * 3, gram, [5.0, 5.0, -INF], [INF, INF, 7.1])[1] is None


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_broken_state_ends_the_search(broken):
    q, gram = np.array([broken, 1.0, 2.0]), np.eye(3) * 0.4 + 0.6
    exact(q, gram, np.full(3, -0.5), np.full(3, 0.5))
    caps.correct_array(q, gram, np.full(3, -0.5), np.full(3, 0.5), np)


@pytest.mark.slow
@pytest.mark.parametrize("cosine", [0.0, 0.3, 0.6, 0.9, 0.99, 0.9989])
def test_a_thousand_random_scenes(cosine):
    for seed in range(1000):
        h, rows, floor, ceiling = scene(seed, 2 + seed % 7, cosine)
        q, gram = rows @ h, rows @ rows.T
        conditions(q, gram, floor, ceiling, exact(q, gram, floor, ceiling), 1e-8)
