"""From mixer to tensors: what is folded, merged or refused, and that one layer's plan does what R^d says."""

import sys
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, UsageError
from core.mixer.mixer import Channel, Mixer
from core.steering.plan import Planner
from tests.core import reference
from tests.core.reference import Touch, Vector, touch, vector

SIZE, DEPTH = 24, 3
LAYER = 1


def compiler(dtype=torch.float32):
    return Planner(
        [torch.device("cpu")] * DEPTH, [dtype] * DEPTH, SIZE, lambda: dict.fromkeys(range(DEPTH), 10.0)
    )


def direction(row, name="v"):
    row = torch.as_tensor(np.asarray(row), dtype=torch.float32)
    return Vector({LAYER: row}, name)


def unit(vector, scale=0.0, **settings):
    return Channel(vector, scale, "unit", layers=[LAYER], **settings)


def played(mixers, hidden, phase="answer"):
    """What the plan makes of [B, T, d] states at LAYER."""
    plan = compiler(hidden.dtype).plan(mixers).phases[phase][LAYER]
    return hidden if plan is None else plan.steer(LAYER, hidden, None)


def states(*shape, seed=0):
    return torch.randn(*shape, SIZE, generator=torch.Generator().manual_seed(seed)) * 3


V, W, U = (vector(i, [LAYER], SIZE) for i in range(3))
AT = [Touch(touch(v, LAYER).direction) for v in (V, W, U)]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_layer_does_what_the_reference_does(data):
    """One token (floats) and many (numpy), any mixture of stages."""
    number = st.floats(-3, 3).map(lambda x: round(x, 2))
    channels, touches = [], []
    for v, at in zip((V, W, U), AT, strict=True):
        push, gain = data.draw(number), data.draw(st.sampled_from([None, 0.0, -1.0, 2.0]))
        low = data.draw(st.one_of(st.none(), number))
        high = None if low is None else low + data.draw(st.sampled_from([0.0, 1.0]))
        channels.append(unit(v, push, gain=gain, floor=low, ceiling=high))
        touches.append(
            at._replace(push=push, gain=gain)
            if low is None
            else at._replace(push=push, gain=gain, floor=low, ceiling=high)
        )
    norm = data.draw(st.booleans())
    mixer = Mixer(tuple(channels), keep_norm=norm)
    hidden = states(2, 3, seed=data.draw(st.integers(0, 99)))
    wanted = np.stack([[reference.steer(h.double().numpy(), touches, norm) for h in row] for row in hidden])
    np.testing.assert_allclose(played([mixer], hidden), wanted, atol=3e-5)
    one = played([mixer], hidden[:1, :1])
    np.testing.assert_allclose(one, wanted[:1, :1], atol=3e-5)


def test_adds_fold_into_one_push_however_many_there_are():
    mixer = Mixer((unit(V, 1.0), unit(W, -2.0), unit(V, 0.5)))
    plan = compiler().plan([mixer]).phases["answer"]
    assert [p is None for p in plan] == [True, False, True]
    assert plan[LAYER].rows is None
    wanted = 1.5 * AT[0].direction - 2.0 * AT[1].direction
    np.testing.assert_allclose(plan[LAYER].push, wanted, atol=1e-6)


@pytest.mark.parametrize(
    "mixer",
    [
        Mixer(),
        Mixer((unit(V, 3.0, floor=1.0, gain=0.0),), bypassed=True, keep_norm=True),
        Mixer((unit(V, 3.0, muted=True),)),
        Mixer((unit(V, 0.0),)),
        Mixer((unit(V, 2.0), unit(V, 2.0, flipped=True))),
    ],
)
def test_what_does_nothing_has_no_plan(mixer):
    assert compiler().plan([mixer]).phases["answer"] == (None,) * DEPTH


def test_neutral_programs_return_the_state_to_the_bit():
    mixer = Mixer((unit(V, 0.0, floor=-1e6, ceiling=1e6), unit(W, 0.0, gain=1.0)))
    for dtype in (torch.float32, torch.bfloat16):
        for shape in ((1, 1), (2, 4)):
            hidden = states(*shape).to(dtype)
            assert torch.equal(played([mixer], hidden), hidden)


def test_rows_are_renormalised_in_float32():
    rough = Vector({LAYER: (V.directions[LAYER] * 1.003).bfloat16()})
    (row,) = compiler().vector_rows(rough).rows.values()
    assert row.dtype == torch.float32
    assert float(row.double().norm()) == pytest.approx(1.0, abs=1e-7)


def near_twin(sign, angle=0.02):
    """A second vector at cos ≈ ±0.9998 of V."""
    return direction(sign * (AT[0].direction + angle * AT[1].direction), "twin")


@pytest.mark.parametrize("sign", [1.0, -1.0])
class TestNearDuplicates:
    """Two directions closer than |cos| 0.999 are one direction, with the sign of their cosine."""

    def test_their_pushes_add_and_their_bounds_intersect(self, sign):
        mixer = Mixer((unit(V, 1.0, floor=-5.0), unit(near_twin(sign), 0.5, ceiling=2.0)))
        plan = compiler().plan([mixer]).phases["answer"][LAYER]
        assert plan.rows.shape == (1, SIZE)
        low, high = (-5.0, 2.0) if sign > 0 else (-2.0, np.inf)
        expected = AT[0]._replace(push=1.0 + sign * 0.5, floor=low, ceiling=high)
        hidden = states(1, 4)
        wanted = [reference.steer(h.double().numpy(), [expected]) for h in hidden[0]]
        np.testing.assert_allclose(played([mixer], hidden)[0], wanted, atol=1e-5)

    def test_contradictory_bounds_are_refused_with_a_sentence(self, sign):
        bounds = {"floor": 3.0} if sign < 0 else {"ceiling": -3.0}
        mixer = Mixer((unit(V, floor=1.0), unit(near_twin(sign), **bounds)))
        with pytest.raises(UsageError, match=r"at layer 1, 'v0' and 'twin' contradict each other") as caught:
            compiler().plan([mixer])
        assert caught.value.exit_code == 2

    def test_two_gains_are_refused_and_one_is_shared(self, sign):
        with pytest.raises(UsageError, match="ask for gains 0 and 2"):
            compiler().plan([Mixer((unit(V, gain=0.0), unit(near_twin(sign), gain=2.0)))])
        hidden = states(1, 2)
        once, twice = (
            played([Mixer(channels)], hidden)
            for channels in ((unit(V, gain=0.0),), (unit(V, gain=0.0), unit(near_twin(sign), gain=0.0)))
        )
        assert torch.equal(once, twice)

    def test_a_wider_angle_is_not_merged(self, sign):
        mixer = Mixer((unit(V, floor=0.0), unit(near_twin(sign, 0.1), gain=0.0)))
        assert compiler().plan([mixer]).phases["answer"][LAYER].rows.shape == (2, SIZE)


def test_a_floor_on_v_and_on_its_flip_contradict():
    mixer = Mixer((unit(V, floor=1.0), unit(V, floor=1.0, flipped=True)))
    with pytest.raises(UsageError, match="two channels of 'v0' contradict each other: no projection is both"):
        compiler().plan([mixer])


def test_caps_that_only_contradict_all_together_are_refused():
    blend = direction(AT[0].direction + AT[1].direction, "blend")
    channels = (unit(V, floor=5.0), unit(W, floor=5.0), unit(blend, ceiling=0.0))
    with pytest.raises(
        UsageError, match="the caps at layer 1 contradict each other: 'v0' and 'v1' and 'blend'"
    ):
        compiler().plan([Mixer(channels)])
    compiler().plan([Mixer(channels).mute(2)])
    compiler().plan([Mixer(channels).cap(2, ceiling=50.0)])


def test_gaining_a_blend_beside_its_parts():
    blend = direction(AT[0].direction + AT[1].direction, "blend")
    mixer = Mixer(tuple(unit(v, gain=0.0) for v in (V, W, blend)))
    for shape in ((1, 1), (2, 3)):
        after = played([mixer], states(*shape)).double().numpy()
        for t in AT[:2]:
            np.testing.assert_allclose(after @ t.direction, 0, atol=1e-5)


def test_each_lane_plays_its_own():
    mixers = [
        Mixer((unit(V, 1.0, ceiling=0.5), unit(W, gain=0.0))),
        Mixer((unit(V, 1.0, ceiling=0.5), unit(W, gain=0.0)), bypassed=True, keep_norm=True),
        Mixer((unit(V, -1.0),), keep_norm=True),
    ]
    hidden = states(3, 2)
    together = played(mixers, hidden)
    assert torch.equal(together[1], hidden[1])
    for lane, mixer in enumerate(mixers):
        alone = played([mixer], hidden[lane : lane + 1])
        np.testing.assert_allclose(together[lane : lane + 1], alone, atol=2e-6)


def test_scopes_choose_phases():
    heard = {
        scope: {
            phase
            for phase, layers in compiler().plan([Mixer((unit(V, 1.0, scope=scope),))]).phases.items()
            if layers[LAYER] is not None
        }
        for scope in ("all", "prompt", "response", "thinking", "answer")
    }
    assert heard == {
        "all": {"prompt", "thinking", "answer", "tool"},
        "prompt": {"prompt"},
        "response": {"thinking", "answer", "tool"},
        "thinking": {"thinking"},
        "answer": {"answer", "tool"},
    }
    spared = compiler().plan([Mixer((unit(V, 1.0, scope="response", not_in="tool"),))]).phases
    assert {phase for phase, layers in spared.items() if layers[LAYER]} == {"thinking", "answer"}


def test_meters_read_before_and_after_without_playing():
    hidden, seen = states(1, 3), []
    mixer = Mixer((unit(V, 2.0, ceiling=1.0), unit(W, 9.0, muted=True)))
    plan = compiler().plan([mixer], {0: [LAYER, 2], 1: [LAYER]}).phases["answer"]
    assert plan[2] is None
    after = plan[LAYER].steer(LAYER, hidden, seen)
    ((_, channels, before, reading, _),) = seen
    assert channels == (0, 1)
    for column, t in enumerate(AT[:2]):
        np.testing.assert_allclose(before[0, :, column], hidden[0].numpy() @ t.direction, atol=1e-5)
        np.testing.assert_allclose(reading[0, :, column], after[0].numpy() @ t.direction, atol=1e-5)


def test_meters_of_a_channel_that_was_removed_are_quiet():
    assert compiler().plan([Mixer((unit(V, 1.0),))], {0: [LAYER], 1: [LAYER]}).phases["answer"][LAYER]


def test_a_change_costs_only_its_own_numbers():
    desk = compiler()
    first = desk.plan([Mixer((unit(V, 1.0, floor=0.0),))]).phases["answer"][LAYER]
    second = desk.plan([Mixer((unit(V, 2.0, floor=0.0),))]).phases["answer"][LAYER]
    assert first.rows is second.rows


@pytest.fixture
def restless():
    """Threads take turns so often that what can collide does."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
def test_many_threads_compile_at_once():
    """The decode thread compiles decaying plans while dials are compiled on others."""
    desk, failures = compiler(), []

    def turn(seed):
        try:
            for i in range(60):
                desk.plan([Mixer((unit(vector(i % 3, [LAYER], SIZE), 1.0, floor=0.0), unit(V, 1.0)))])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=turn, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize(
    ("vector", "words"),
    [
        (Vector({1: torch.ones(30)}, "wide"), "vector 'wide' has 30 dimensions, the model has 24"),
        (Vector({40: torch.ones(SIZE)}, "deep"), r"vector 'deep' has layer 40, the model has 3 \(0 to 2\)"),
        (Vector({-1: torch.ones(SIZE)}, "low"), "vector 'low' has layer -1"),
        (
            Vector({1: torch.full((SIZE,), float("nan"))}, "nan"),
            "vector 'nan', layer 1: 24 non-finite values",
        ),
        (Vector({1: torch.zeros(SIZE)}, "nil"), "vector 'nil', layer 1 has norm 0"),
        (Vector({}, "none"), "vector 'none' has no layers"),
    ],
)
def test_rows_29_to_33_a_vector_that_does_not_fit_the_model(vector, words):
    with pytest.raises(BadInput, match=words) as caught:
        compiler().plan([Mixer((Channel(vector, 1.0, "unit"),))])
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("shape", [(1, 1, SIZE), (1, SIZE), (SIZE,)])
def test_a_direction_of_any_rank_is_one_row(shape):
    row = V.directions[LAYER].reshape(shape)
    assert torch.equal(
        compiler().vector_rows(Vector({LAYER: row})).rows[LAYER], compiler().vector_rows(V).rows[LAYER]
    )


def test_tiny_and_huge_norms_are_directions_all_the_same():
    for size in (1e-38, 1e37):
        (row,) = compiler().vector_rows(Vector({LAYER: V.directions[LAYER] * size})).rows.values()
        np.testing.assert_allclose(row, V.directions[LAYER], atol=1e-5)


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_push_that_its_cap_takes_back_still_has_kept_the_norm(lanes):
    """h = 3y is pushed by 4x and shrunk to length 3; the ceiling then takes all of x away, and 1.8y is left."""
    mixer = Mixer((unit(direction(np.eye(SIZE)[0]), 4.0, ceiling=0.0),), keep_norm=True)
    hidden = torch.zeros(lanes, 1, SIZE)
    hidden[:, 0, 1] = 3.0
    torch.testing.assert_close(played([mixer] * lanes, hidden), 0.6 * hidden)
