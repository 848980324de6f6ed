"""Lanes: every row of the batch equals the run it stands for."""

import pytest
import torch

import core
from core.errors import UsageError
from core.generation.live import AnswerStream
from core.mixer import lanes
from core.mixer.lanes import SHADOWS, SOLO, Lanes
from core.mixer.mixer import Channel, Mixer
from tests.core import reference, zoo
from tests.core.reference import check, nothing, touch, vector

SCALE = 6.0
V, W = vector(0), vector(1)
MIXER = Mixer((Channel(V, SCALE, "unit", layers=[1, 2]), Channel(W, 0.0, layers=[2], ceiling=0.5)))
PROMPT = zoo.ids(1, 9)[0].tolist()
SOME = pytest.mark.parametrize("name", ["llama", "gpt2", "gemma2", "mixtral", "falcon"])


def touches(layer, scale=SCALE):
    pushed = [touch(V, layer, push=scale)] if layer in (1, 2) else []
    return pushed + ([touch(W, 2, ceiling=0.5)] if layer == 2 else [])


STEERED = reference.always(touches)


def speak(name="llama", prompt=PROMPT, mixer=MIXER, n=6, **settings):
    return core.stream(
        reference.model(name), prompt, mixer=mixer, max_new_tokens=n, ignore_end=True, **settings
    )


def said(live, lane):
    """The (token, log-probability) of one lane; lane 0 is the answer, others are free voices."""
    if lane == 0:
        return [(s.token_id, s.logprob) for s in live.steps]
    return [(s.lane_tokens[lane - 1].token_id, s.lane_tokens[lane - 1].logprob) for s in live.steps]


def same(one, other, tolerance=1e-4):
    assert [t for t, _ in one] == [t for t, _ in other]
    assert [p for _, p in one] == pytest.approx([p for _, p in other], abs=tolerance)


def alone(mixer, **settings):
    live = speak(mixer=mixer, **settings)
    list(live)
    return said(live, 0)


@SOME
def test_a_free_shadow_is_the_unsteered_answer_beside_the_steered_one(name):
    live = speak(name, shadow="free")
    list(live)
    same(said(live, 0), alone(MIXER, name=name))
    same(said(live, 1), alone(MIXER.bypass(), name=name))
    assert said(live, 0) != said(live, 1)
    check(live, STEERED, name)


@SOME
def test_a_forced_shadow_is_what_the_plain_model_thinks_of_the_same_text(name):
    live = speak(name, shadow="forced")
    list(live)
    same(said(live, 0), alone(MIXER, name=name))
    ids = live.tape.ids[0]
    assert live.tape.ids[1] == ids
    plain = reference.logits(reference.copy(name), ids, nothing, reference.path(name)).log_softmax(-1)
    steered = reference.logits(reference.copy(name), ids, STEERED, reference.path(name)).log_softmax(-1)
    for step in live.steps:
        p, q = steered[step.position - 1], plain[step.position - 1]
        seen = step.forced[1]
        assert seen.logprob == pytest.approx(float(q[step.token_id]), abs=1e-3)
        assert seen.rank == int((q > q[step.token_id]).sum()) + 1
        assert seen.kl == pytest.approx(float((p.exp() * (p - q)).sum()), rel=1e-2, abs=1e-3)
        assert not step.lane_tokens


def test_an_idle_steering_has_no_distance_from_its_shadow():
    live = speak(mixer=MIXER.bypass(), shadow="forced")
    list(live)
    assert max(abs(step.forced[1].kl) for step in live.steps) < 1e-6
    assert {step.forced[1].rank for step in live.steps} == {1}


def test_a_sweep_is_its_single_runs():
    scales = [0.0, 2.0, -5.0, 9.0]
    live = speak(lanes=lanes.dose_lanes(0, scales))
    list(live)
    for lane, scale in enumerate(scales):
        same(said(live, lane), alone(MIXER.scale(0, scale)))


def test_mixes_follow_the_dials_in_lane_0_alone():
    other = Mixer((Channel(W, 4.0, "unit", layers=[1]),), keep_norm=True)
    live = speak(lanes=lanes.mixer_lanes([MIXER, other]))
    next(live)
    live.mixer = live.mixer.flip(0)
    list(live)
    flipped = speak()
    next(flipped)
    flipped.mixer = flipped.mixer.flip(0)
    list(flipped)
    same(said(live, 0), said(flipped, 0))
    same(said(live, 1), alone(other))


@pytest.mark.parametrize("shadow", ["free", "forced"])
def test_a_prompt_all_lanes_play_alike_is_encoded_once(shadow):
    """With scope `response` the shared prefill equals the separate one of two single runs."""
    mixer = Mixer((Channel(V, SCALE, "unit", layers=[1, 2], scope="response"),))
    seen = []
    model = reference.model()
    handle = model.layers[0].register_forward_pre_hook(lambda _m, args: seen.append(tuple(args[0].shape[:2])))
    live = speak(mixer=mixer, shadow=shadow)
    list(live)
    handle.remove()
    assert seen[:2] == [(1, len(PROMPT) - 1), (2, 1)]
    same(said(live, 0), alone(mixer))
    if shadow == "free":
        same(said(live, 1), alone(mixer.bypass()))


def test_a_prompt_lanes_play_differently_is_encoded_for_each():
    assert lanes.same_prompt([MIXER.scale(0, 1.0), MIXER.scale(0, 1.0)])
    assert not lanes.same_prompt([MIXER, MIXER.bypass()])
    quiet = Mixer((Channel(V, 1.0, scope="answer"),))
    assert lanes.same_prompt([quiet, quiet.bypass()])
    norm = Mixer((Channel(V, 1.0, scope="answer"),), keep_norm=True)
    assert not lanes.same_prompt([norm, quiet])


@pytest.mark.parametrize("shadow", ["free", "forced"])
def test_lanes_survive_rewinds_insertions_and_flips(shadow):
    """What the lanes did together equals what two single runs do with the same interventions."""

    def intervene(live):
        for _ in range(4):
            next(live)
        live.rewind(2)
        live.inject_ids([20, 21, 22], "model")
        live.mixer = live.mixer.flip(0)
        list(live)

    together = speak(shadow=shadow)
    intervene(together)
    steered = speak()
    intervene(steered)
    same(said(together, 0), said(steered, 0))
    if shadow == "free":
        unsteered = speak(mixer=MIXER.bypass())
        intervene(unsteered)
        same(said(together, 1), said(unsteered, 0))
    else:
        ids = together.tape.ids[0]
        plain = reference.logits(reference.copy(), ids, nothing).log_softmax(-1)
        for step in together.steps:
            wanted = float(plain[step.position - 1, step.token_id])
            assert step.forced[1].logprob == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("cache", ["keep", "rebuild"])
def test_lanes_can_open_on_a_past(cache):
    """A second answer on one tape opens a shadow; its past is the plain model's own."""
    model, first = reference.model(), speak(n=3)
    list(first)
    how = core.generation.stream.build_settings(
        model, shadow="forced", max_new_tokens=4, ignore_end=True, cache=cache
    )
    live = AnswerStream(model, first.tape, [30, 31], MIXER, how)
    live.mixer = MIXER.flip(0)
    list(live)
    assert live.tape.n_lanes == 2
    ids = live.tape.ids[0]
    turned = len(PROMPT) + 3
    plain = reference.logits(reference.copy(), ids, nothing).log_softmax(-1)

    def schedule(layer, position):
        return touches(layer, SCALE if cache == "keep" and position < turned else -SCALE), False

    check(live, schedule)
    for step in live.steps:
        wanted = float(plain[step.position - 1, step.token_id])
        assert step.forced[1].logprob == pytest.approx(wanted, abs=1e-3)


def test_padding_lanes_change_nothing_and_are_not_shown():
    padded = SHADOWS["free"].padded_to(4)
    assert (padded.count, padded.n_shown, padded.names) == (4, 2, ("steered", "unsteered", "", ""))
    assert SOLO.padded_to(1) is SOLO
    live = speak(lanes=padded)
    list(live)
    assert live.tape.n_lanes == 4
    assert {len(step.lane_tokens) for step in live.steps} == {1}
    assert {tuple(step.forced) for step in live.steps} == {()}
    same(said(live, 0), alone(MIXER))
    same(said(live, 1), alone(MIXER.bypass()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_other_rows_do_not_touch_a_row(dtype):
    """Same batch shape, other lanes changed: lane 0 stays the same to the bit."""
    model = reference.model("llama", dtype)
    runs = []
    for scale in (0.0, 9.0):
        rest = Mixer((Channel(V, scale, "unit", layers=[1, 2]), Channel(W, 0.0, layers=[2], ceiling=scale)))
        live = core.stream(
            model,
            PROMPT,
            mixer=MIXER,
            lanes=lanes.mixer_lanes([MIXER, rest]),
            max_new_tokens=6,
            ignore_end=True,
        )
        list(live)
        runs.append(said(live, 0))
    assert runs[0] == runs[1]


def ending(name="llama", end=17):
    """A mixer under which the model says its end token at once, and the settings to notice it."""
    model = reference.model(name)
    row = model.hf.get_output_embeddings().weight[end].detach()
    last = model.n_layers - 1
    return Mixer((Channel(reference.Vector({last: row}, "end"), 400.0, "unit", layers=[last]),))


@pytest.fixture
def ends_at_17(monkeypatch):
    monkeypatch.setattr(reference.model().hf.generation_config, "eos_token_id", 17)


@pytest.mark.usefixtures("ends_at_17")
def test_a_finished_lane_waits_as_padding():
    live = core.stream(reference.model(), PROMPT, mixer=Mixer(), lanes=one_that_ends(), max_new_tokens=5)
    list(live)
    assert [s.lane_tokens[0].token_id for s in live.steps] == [17] * 5
    assert [s.lane_tokens[0].finished for s in live.steps] == [False] + [True] * 4
    same(said(live, 0), alone(Mixer(), n=5))


def one_that_ends():
    return Lanes(lambda mixer: (mixer, ending()), ("steered", "ends"))


@pytest.mark.usefixtures("ends_at_17")
def test_the_answer_itself_may_end_before_its_shadow():
    live = core.stream(reference.model(), PROMPT, mixer=ending(), shadow="free", max_new_tokens=5)
    list(live)
    assert (live.stop_reason, live.token_ids) == ("eos", [17])
    assert [step.finished for step in live.steps] == [False] + [True] * 4
    same(said(live, 1), alone(Mixer(), n=5))


def test_a_sweep_needs_scales_and_a_channel():
    with pytest.raises(UsageError, match="at least one scale"):
        lanes.dose_lanes(0, [])
    with pytest.raises(UsageError, match="no channel 3"):
        speak(lanes=lanes.dose_lanes(3, [1.0]))
