"""K numbers against R^d: every stage, alone and together, equals the plain account of it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.steering.algebra import SteeringProgram, gain_matrix, steer_array
from core.steering.floats import FloatProgram
from tests.core import reference
from tests.core.reference import INF, Touch

SIZE = 24
moderate = st.floats(-4, 4).map(lambda x: round(x, 3))


@st.composite
def scenes(draw, most=4, cap=True, norm=True):
    """A state, up to `most` channels at all sorts of angles, and whether the norm is kept."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    common, count = draw(st.sampled_from([0.0, 0.5, 1.0, 3.0])), draw(st.integers(1, most))
    rows = rng.normal(size=(count, SIZE)) + common * rng.normal(size=SIZE)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    touches = []
    for row in rows:
        low, high = sorted([draw(moderate), draw(moderate)])
        touches.append(
            Touch(
                row,
                push=draw(moderate),
                gain=draw(st.sampled_from([None, None, 0.0, -1.0, 1.0, 0.5, 2.0])),
                floor=low if cap and draw(st.booleans()) else -INF,
                ceiling=high if cap and draw(st.booleans()) else INF,
            )
        )
    return rng.normal(size=SIZE) * 3, touches, norm and draw(st.booleans())


def program(touches, keep_norm):
    rows = np.stack([t.direction for t in touches])
    gram = rows @ rows.T
    capped = any(t.floor > -INF or t.ceiling < INF for t in touches)
    return rows, SteeringProgram(
        gram,
        gain=gain_matrix(gram, [t.gain for t in touches], np),
        add=np.array([t.push for t in touches]),
        keep_norm=np.array([True]) if keep_norm else None,
        floor=np.array([t.floor for t in touches]) if capped else None,
        ceiling=np.array([t.ceiling for t in touches]) if capped else None,
    )


def as_tensors(arrays, dtype=torch.float64):
    return SteeringProgram(
        **{
            k: x if x is None else torch.as_tensor(x, dtype=torch.bool if k == "keep_norm" else dtype)
            for k, x in vars(arrays).items()
        }
    )


def by_array(h, touches, keep_norm):
    rows, arrays = program(touches, keep_norm)
    s, w, _ = steer_array(h @ rows.T, (h * h).sum(-1, keepdims=True), arrays, np)
    return s * h + w @ rows


def by_floats(h, touches, keep_norm):
    rows, arrays = program(touches, keep_norm)
    s, w = FloatProgram.from_program(arrays).steer((rows @ h).tolist(), float(h @ h))
    return s * h + np.array(w) @ rows


def by_tensors(h, touches, keep_norm, dtype=torch.float64):
    rows, arrays = program(touches, keep_norm)
    state, matrix = torch.as_tensor(h, dtype=dtype)[None], torch.as_tensor(rows, dtype=dtype)
    there = as_tensors(arrays, dtype)
    s, w, _ = steer_array(state @ matrix.T, state.square().sum(-1, keepdim=True), there, torch)
    return (s * state + w @ matrix)[0].numpy()


def near(got, wanted, tolerance=1e-9):
    assert np.linalg.norm(got - wanted) <= tolerance * (1 + np.linalg.norm(wanted))


@settings(max_examples=150, deadline=None)
@given(scenes())
def test_all_stages_equal_the_step_by_step_reference(scene):
    near(by_array(*scene), reference.steer(*scene), 1e-7)
    near(by_floats(*scene), reference.steer(*scene), 1e-7)


@settings(max_examples=60, deadline=None)
@given(scenes(cap=False))
def test_without_caps_the_tensor_form_is_as_exact(scene):
    near(by_tensors(*scene), reference.steer(*scene))


@settings(max_examples=60, deadline=None)
@given(scenes(most=1))
def test_one_channel_is_exact_in_every_form(scene):
    for form in (by_array, by_floats, by_tensors):
        near(form(*scene), reference.steer(*scene))


@settings(max_examples=40, deadline=None)
@given(st.lists(scenes(most=3), min_size=2, max_size=5))
def test_lanes_and_positions_are_rows_of_one_call(all_scenes):
    count = min(len(touches) for _, touches, _ in all_scenes)
    h, touches, _ = all_scenes[0]
    rows = np.stack([t.direction for t in touches[:count]])
    lanes = [
        [t._replace(direction=row) for t, row in zip(theirs, rows, strict=False)]
        for _, theirs, _ in all_scenes
    ]
    keep = [norm for _, _, norm in all_scenes]
    states = np.stack([[h, -h, 2 * h] for _ in lanes])
    arrays = SteeringProgram(
        rows @ rows.T,
        gain=np.stack([gain_matrix(rows @ rows.T, [t.gain for t in lane], np) for lane in lanes])[:, None],
        add=np.array([[[t.push for t in lane]] for lane in lanes]),
        keep_norm=np.array(keep)[:, None, None],
        floor=np.array([[[t.floor for t in lane]] for lane in lanes]),
        ceiling=np.array([[[t.ceiling for t in lane]] for lane in lanes]),
    )
    s, w, _ = steer_array(states @ rows.T, (states**2).sum(-1, keepdims=True), arrays, np)
    for lane, touched in enumerate(lanes):
        for position in range(3):
            got = s[lane, position] * states[lane, position] + w[lane, position] @ rows
            near(got, reference.steer(states[lane, position], touched, keep[lane]), 1e-7)


@settings(max_examples=60, deadline=None)
@given(scenes(), st.integers(0, 3))
def test_a_flipped_channel_is_the_negated_vector(scene, which):
    """v̂ → −v̂ with the settings unchanged equals a → −a and (lo, hi) → (−hi, −lo) on v̂."""
    h, touches, norm = scene
    i = which % len(touches)
    t = touches[i]
    turned = [*touches[:i], t._replace(direction=-t.direction), *touches[i + 1 :]]
    flipped = [
        *touches[:i],
        t._replace(push=-t.push, floor=-t.ceiling, ceiling=-t.floor),
        *touches[i + 1 :],
    ]
    near(by_floats(h, turned, norm), by_floats(h, flipped, norm), 1e-7)


@settings(max_examples=40, deadline=None)
@given(scenes(cap=False, norm=True))
def test_the_norm_is_kept(scene):
    h, touches, _ = scene
    plain = by_floats(h, touches, False)
    if np.linalg.norm(plain) > 1e-3 * np.linalg.norm(h):
        kept = by_floats(h, touches, True)
        assert np.linalg.norm(kept) == pytest.approx(np.linalg.norm(h), rel=1e-9)
        near(kept / np.linalg.norm(kept), plain / np.linalg.norm(plain), 1e-9)


def test_neutral_numbers_change_nothing():
    h = np.linspace(-1, 1, SIZE)
    row = np.eye(SIZE)[0]
    for t in (Touch(row), Touch(row, gain=1.0), Touch(row, floor=-9, ceiling=9)):
        assert np.array_equal(by_floats(h, [t], False), h)
        assert np.array_equal(by_array(h, [t], False), h)


def pair(cosine, size=64):
    v, w = np.eye(size)[0], np.zeros(size)
    w[:2] = cosine, np.sqrt(1 - cosine**2)
    return v, w


def one_after_the_other(h, *touches):
    for t in touches:
        h = by_floats(h, [t], False)
    return h


def gap(h, first, second):
    return one_after_the_other(h, first, second) - one_after_the_other(h, second, first)


@pytest.mark.parametrize("cosine", [0.0, 0.3, 0.9, 1.0])
class TestOrder:
    """What happens when operations are done one after the other, in either order (the reason for fixed stages)."""

    h = np.random.default_rng(5).normal(size=64) * 3

    def test_adds_commute(self, cosine):
        v, w = pair(cosine)
        assert np.abs(gap(self.h, Touch(v, push=2.0), Touch(w, push=2.0))).max() <= 2e-15

    def test_add_and_ablate_miss_by_exactly_the_cosine(self, cosine):
        v, w = pair(cosine)
        missed = gap(self.h, Touch(v, push=2.0), Touch(w, gain=0.0))
        np.testing.assert_allclose(missed, -2.0 * cosine * w, atol=1e-12)

    def test_add_and_floor_miss_by_no_more(self, cosine):
        v, w = pair(cosine)
        rng = np.random.default_rng(0)
        gaps = [
            np.linalg.norm(gap(rng.normal(size=64) * 3, Touch(v, push=2.0), Touch(w, floor=1.0)))
            for _ in range(200)
        ]
        assert max(gaps) <= 2.0 * cosine + 1e-12
        assert max(gaps) == pytest.approx(2.0 * cosine, abs=1e-12)

    def test_two_ablations_or_two_floors_disagree_unless_orthogonal_or_equal(self, cosine):
        v, w = pair(cosine)
        apart = 0 < cosine < 1
        assert (np.linalg.norm(gap(self.h, Touch(v, gain=0.0), Touch(w, gain=0.0))) > 1e-3) == apart
        assert (np.linalg.norm(gap(self.h, Touch(v, floor=9.0), Touch(w, floor=9.0))) > 1e-3) == apart

    def test_the_joint_stage_leaves_nothing_behind(self, cosine):
        if cosine == 1.0:
            return
        v, w = pair(cosine)
        ablated = by_floats(self.h, [Touch(v, gain=0.0), Touch(w, gain=0.0)], False)
        np.testing.assert_allclose([v @ ablated, w @ ablated], 0, atol=1e-12)
        swapped = by_floats(self.h, [Touch(w, gain=0.0), Touch(v, gain=0.0)], False)
        np.testing.assert_allclose(ablated, swapped, atol=1e-12)


def test_a_push_before_an_ablation_of_its_own_direction_would_be_erased_so_gain_comes_first():
    h, v = np.ones(64), np.eye(64)[0]
    assert v @ by_floats(h, [Touch(v, push=2.0, gain=0.0)], False) == pytest.approx(2.0)


def test_a_cap_wins_over_a_dial():
    h, v = np.ones(64), np.eye(64)[0]
    assert v @ by_floats(h, [Touch(v, push=50.0, ceiling=3.0)], True) == pytest.approx(3.0)


def test_a_floor_on_v_is_a_ceiling_on_minus_v():
    h, v = np.ones(64), np.eye(64)[0]
    near(by_floats(h, [Touch(v, floor=4.0)], False), by_floats(h, [Touch(-v, ceiling=-4.0)], False))


def test_gaining_two_vectors_and_their_blend_is_no_accident():
    """Three dependent directions: G has no inverse, the ablation is still exact."""
    v, w = pair(0.3)
    blend = (v + w) / np.linalg.norm(v + w)
    touches = [Touch(x, gain=0.0) for x in (v, w, blend)]
    after = by_floats(TestOrder.h, touches, False)
    np.testing.assert_allclose([t.direction @ after for t in touches], 0, atol=1e-9)
    near(after, reference.steer(TestOrder.h, touches), 1e-9)


def test_a_cap_on_half_precision_states_holds_to_their_rounding():
    """At ‖h‖ ≈ 480 a cap at 60 holds to the rounding of the stored state, ‖h‖·2⁻⁸, and before storing to float32."""
    h = np.random.default_rng(0).normal(size=64)
    h *= 480 / np.linalg.norm(h)
    h = torch.tensor(h).bfloat16().double().numpy()
    v = h / np.linalg.norm(h)
    after = by_tensors(h, [Touch(v, ceiling=60.0)], False, torch.float32)
    assert v @ after == pytest.approx(60.0, abs=1e-3)
    assert abs(v @ torch.tensor(after).bfloat16().double().numpy() - 60) <= 480 * 2**-8
