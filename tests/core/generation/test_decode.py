"""One answer, token by token: what a change, a rewind, an insertion or a failure does to which token."""

import itertools
from types import SimpleNamespace

import pytest
import torch

import core
from core.errors import BadInput, OutOfMemory, UsageError
from core.generation.live import AnswerStream
from core.mixer.mixer import Channel, Mixer
from tests.core import reference, zoo
from tests.core.reference import check, touch, vector

EVERY = pytest.mark.parametrize("name", list(zoo.ARCHITECTURES))
WINDOWED = ("mistral", "gemma2", "gemma3")
V, W = vector(0), vector(1)
SCALE = 12.0
MIXER = Mixer((Channel(V, SCALE, "unit", layers=[1, 2]), Channel(W, 0.0, layers=[2], ceiling=0.5)))
LENGTH = 9
PROMPT = zoo.ids(1, LENGTH)[0].tolist()


def touches(layer, scale=SCALE, flipped=False):
    pushed = [touch(V, layer, push=-scale if flipped else scale)] if layer in (1, 2) else []
    return pushed + ([touch(W, 2, ceiling=0.5)] if layer == 2 else [])


def until(first, then):
    """`first(position)` decides between the two settings."""
    return lambda layer, position: (touches(layer, flipped=not first(position)) if then else (), False)


PLUS = until(lambda _: True, True)
MINUS = until(lambda _: False, True)


def speak(name="llama", prompt=PROMPT, mixer=MIXER, n=8, **settings):
    return core.stream(
        reference.model(name), prompt, mixer=mixer, max_new_tokens=n, ignore_end=True, **settings
    )


def take(live, count):
    return [next(live) for _ in range(count)]


@EVERY
def test_an_answer_equals_the_uncached_naive_run(name):
    live = speak(name)
    assert len(list(live)) == 8
    assert live.stop_reason == "length"
    assert len(live.tape) == LENGTH + 8
    check(live, PLUS, name)


@EVERY
def test_a_flip_at_k_leaves_the_token_before_and_turns_token_k(name):
    live, k = speak(name), 4
    take(live, k)
    ticket = live.set(live.mixer.flip(0))
    list(live)
    assert ticket.at == k
    assert [step.revision for step in live.steps] == [0] * k + [1] * 4
    # Token k is made by the pass that feeds token k−1, at position LENGTH + k − 1.
    check(live, until(lambda position: position < LENGTH + k - 1, True), name)
    with pytest.raises(AssertionError):
        check(live, until(lambda position: position < LENGTH + k, True), name)
    with pytest.raises(AssertionError):
        check(live, until(lambda position: position < LENGTH + k - 2, True), name)


@EVERY
def test_keep_differs_from_a_fresh_run_and_rebuild_equals_it(name):
    runs = {}
    for cache in ("keep", "rebuild"):
        live = runs[cache] = speak(name, cache=cache)
        take(live, 3)
        live.mixer = live.mixer.flip(0)
        list(live)
    ids = [PROMPT + live.token_ids[:3] for live in runs.values()]
    assert ids[0] == ids[1]
    fresh = take(speak(name, prompt=ids[0], mixer=MIXER.flip(0)), 5)
    rebuilt = runs["rebuild"].steps[3:]
    assert [s.token_id for s in rebuilt] == [s.token_id for s in fresh]
    assert [s.logprob for s in rebuilt] == pytest.approx([s.logprob for s in fresh], abs=1e-4)
    lived, redone = (runs[cache].steps[2].projections[0][2][0] for cache in ("keep", "rebuild"))
    assert abs(lived - redone) > 0.02
    ((kind, data),) = [n for n in runs["rebuild"].notices if n[0] == "rebuild"]
    assert (kind, data["at"], data["tokens"]) == ("rebuild", 3, LENGTH + 2)


@EVERY
def test_a_rewind_equals_a_fresh_run_on_the_same_ids(name):
    live = speak(name)
    before = [(s.token_id, s.logprob) for s in take(live, 6)]
    live.rewind(4)
    again = [(s.token_id, s.logprob) for s in take(live, 4)]
    assert [t for t, _ in again] == [t for t, _ in before[2:]]
    assert [p for _, p in again] == pytest.approx([p for _, p in before[2:]], abs=1e-5)
    live.rewind(3)
    live.mixer = live.mixer.flip(0)
    list(live)
    assert len(live.steps) == 8
    check(live, until(lambda position: position < LENGTH + 3 - 1, True), name)


@EVERY
def test_an_insertion_equals_a_fresh_run_on_the_same_ids(name):
    live, words = speak(name), zoo.ids(1, 5, seed=9)[0].tolist()
    take(live, 3)
    live.inject_ids(words, "model", "…")
    list(live)
    assert live.tape.ids[0] == PROMPT + live.token_ids[:3] + words + live.token_ids[3:]
    check(live, PLUS, name)
    fresh = speak(name, prompt=PROMPT + live.token_ids[:3] + words, n=5)
    assert [s.token_id for s in fresh] == live.token_ids[3:]


@pytest.mark.parametrize("name", WINDOWED)
def test_beyond_a_sliding_window_with_rewind(name):
    """Prompt of 40, window 32: steps, a rewind, a flip and an insertion still equal the uncached run."""
    long = zoo.ids(1, 40)[0].tolist()
    live = speak(name, prompt=long)
    take(live, 6)
    live.rewind(5)
    live.mixer = live.mixer.flip(0)
    take(live, 2)
    live.inject_ids(zoo.ids(1, 3, seed=4)[0].tolist(), "model")
    list(live)
    check(live, until(lambda position: position < 40, True), name)


@EVERY
def test_after_an_exception_inside_a_block_the_tape_goes_on(name):
    """The lower layers have seen the token, the upper ones have not: all are trimmed to the last whole one."""
    model, live = reference.model(name), speak(name)
    take(live, 3)
    handle = model.layers[2].register_forward_hook(fail)
    with pytest.raises(RuntimeError, match="broken on purpose"):
        next(live)
    handle.remove()
    assert live.stop_reason == "error"
    assert len(live.tape) == LENGTH + 2
    assert {layer.keys.shape[-2] for layer in live.tape.cache.layers} == {LENGTH + 2}
    more = AnswerStream(model, live.tape, list(live.pending.ids), MIXER, live.settings)
    list(more)
    check(more, PLUS, name)


def fail(*_):
    raise RuntimeError("broken on purpose")


def test_an_exception_in_the_first_pass_loses_nothing():
    model, live = reference.model(), speak()
    handle = model.layers[1].register_forward_hook(fail)
    with pytest.raises(RuntimeError):
        next(live)
    handle.remove()
    assert list(live.pending.ids) == PROMPT
    more = AnswerStream(model, live.tape, list(live.pending.ids), MIXER, live.settings)
    assert [s.token_id for s in more] == [s.token_id for s in speak()]


def test_an_exception_during_a_rebuild_loses_nothing():
    model, live = reference.model(), speak(cache="rebuild")
    take(live, 3)
    said = list(live.token_ids)
    live.mixer = live.mixer.flip(0)
    handle = model.layers[1].register_forward_hook(fail)
    with pytest.raises(RuntimeError):
        next(live)
    handle.remove()
    assert live.tape.ids[0] + list(live.pending.ids) == PROMPT + said
    more = AnswerStream(model, live.tape, list(live.pending.ids), MIXER.flip(0), live.settings)
    list(more)
    check(more, MINUS)


def test_memory_that_runs_out_is_said_and_survived():
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    model, live = reference.model(), speak()
    take(live, 2)
    handle = model.layers[2].register_forward_hook(full)
    with pytest.raises(OutOfMemory, match="out of memory after 10 tokens") as caught:
        next(live)
    handle.remove()
    assert (caught.value.exit_code, live.stop_reason) == (6, "oom")
    more = AnswerStream(model, live.tape, list(live.pending.ids), MIXER, live.settings)
    list(more)
    check(more, PLUS)


LONG = zoo.ids(1, 300)[0].tolist()


def test_a_cancel_lands_between_two_chunks_and_the_rest_can_follow():
    live = speak(prompt=LONG)
    live.on_notice = lambda kind, _data: live.cancel() if kind == "chunk" else None
    assert list(live) == []
    assert live.stop_reason == "cancel"
    assert 0 < len(live.tape) < 300
    assert live.tape.ids[0] + list(live.pending.ids) == LONG
    more = AnswerStream(live.model, live.tape, list(live.pending.ids), MIXER, live.settings)
    list(more)
    check(more, PLUS)


def test_a_cancel_lands_between_two_tokens():
    live = speak()
    take(live, 3)
    live.cancel()
    assert list(live) == []
    assert (live.stop_reason, len(live.steps), len(live.tape)) == ("cancel", 3, LENGTH + 2)


def test_a_cancel_lands_inside_a_rebuild():
    live = speak(prompt=LONG, cache="rebuild")
    take(live, 2)
    live.mixer = live.mixer.flip(0)
    live.on_notice = lambda kind, _data: live.cancel() if kind in ("chunk", "rebuild") else None
    assert list(live) == []
    assert live.tape.ids[0] + list(live.pending.ids) == LONG + live.token_ids


def test_a_prefill_chunk_says_how_long_it_took(monkeypatch):
    # A clock that is read at the start of a pass and after every chunk, half a second apart.
    clock = itertools.count(step=0.5)
    monkeypatch.setattr("core.generation.live.time", SimpleNamespace(monotonic=lambda: next(clock)))
    live = speak(prompt=LONG, n=1)
    list(live)
    took = [data["wall_ms"] for kind, data in live.notices if kind == "chunk"]
    assert took
    assert set(took) == {500}


def test_prefill_cuts_are_told_and_can_be_repeated():
    first = speak(prompt=LONG, n=2)
    list(first)
    edges = [data["edge"] for kind, data in first.notices if kind == "chunk"]
    assert edges
    assert edges[0] == 64
    again = speak(prompt=LONG, n=2, edges=edges)
    list(again)
    assert [data["edge"] for kind, data in again.notices if kind == "chunk"] == edges
    assert [s.logprob for s in again.steps] == [s.logprob for s in first.steps]
    whole = speak(prompt=LONG, n=2, edges=[300])
    list(whole)
    assert not whole.notices
    assert [s.logprob for s in whole.steps] == pytest.approx([s.logprob for s in first.steps], abs=1e-4)


HALF = Mixer((Channel(V, SCALE, "unit", layers=[1, 2], half_life=2.0),))


def test_a_half_life_counts_tokens_since_the_change():
    def decaying(layer, position):
        index = max(0, position - (LENGTH - 1))
        age = index if index < 4 else index - 4
        return [touch(V, layer, push=SCALE * 0.5 ** (age / 2.0))] if layer in (1, 2) else (), False

    live = speak(mixer=HALF.scale(0, SCALE / 2).scale(0, SCALE))
    take(live, 4)
    live.mixer = HALF.scale(0, SCALE / 2)
    live.mixer = HALF.edit(0, weights={1: 1.0, 2: 1.0})
    list(live)
    check(live, decaying)


def test_another_channel_s_edit_does_not_make_a_decaying_one_young_again():
    """Nor does the same state, sent twice: a doubled message does no harm."""

    def decaying(layer, position):
        index = max(0, position - (LENGTH - 1))
        pushed = [touch(V, layer, push=SCALE * 0.5 ** (index / 2.0))] if layer in (1, 2) else []
        late = [touch(W, layer, push=SCALE)] if layer == 2 and index >= 4 else []
        return pushed + late, False

    other = Channel(W, SCALE, "unit", layers=[2])
    live = speak(mixer=HALF)
    take(live, 2)
    live.mixer = HALF
    take(live, 2)
    live.mixer = Mixer((other, *HALF.channels))
    list(live)
    check(live, decaying)


@pytest.mark.parametrize("scope", ["prompt", "response"])
def test_scopes_decide_by_position(scope):
    """The last prompt position counts as generated; a user's words put into the answer count as prompt."""
    mixer = Mixer((Channel(V, SCALE, "unit", layers=[1], scope=scope),))
    live = speak(mixer=mixer)
    take(live, 3)
    live.inject_ids([20, 21, 22], "user", "…")
    list(live)
    prompt = {*range(LENGTH - 1), LENGTH + 3, LENGTH + 4}

    def schedule(layer, position):
        heard = (position in prompt) == (scope == "prompt")
        return [touch(V, 1, push=SCALE)] if layer == 1 and heard else (), False

    check(live, schedule)


def test_projections_are_measured_at_the_token_s_own_position():
    """Before and after the stages; they arrive with the next pass, also when more is fed or taken back."""
    live = speak(meters={0: [1, 2], 1: [2]})
    (first,) = take(live, 1)
    assert first.projections is None
    take(live, 2)
    assert first.projections is not None
    live.inject_ids([20, 21, 22], "model")
    take(live, 2)
    live.rewind(1)
    list(live)
    record = {}
    ids = live.tape.ids[0]
    reference.logits(reference.copy(), ids, PLUS, record=record)
    for step in live.steps:
        for channel, v in ((0, V), (1, W)):
            for layer, seen in step.projections[channel].items():
                row = touch(v, layer).direction
                wanted = [row @ state for state in record[layer, step.position]]
                assert seen == pytest.approx(wanted, abs=1e-4), (step.index, channel, layer)


def test_without_meters_named_each_channel_is_read_at_the_top_of_its_band():
    live = speak(n=2)
    list(live)
    assert {c: list(layers) for c, layers in live.steps[-1].projections.items()} == {0: [2], 1: [2]}


def test_several_rewinds_and_insertions_before_one_pass():
    live = speak()
    take(live, 5)
    said = list(live.token_ids)
    live.rewind(1)
    live.inject_ids([20, 21], "model")
    live.rewind(1)
    live.rewind(1)
    live.inject_ids([22], "model")
    live.inject_ids([23], "model")
    list(live)
    assert live.tape.ids[0][: LENGTH + 4] == PROMPT + said[:2] + [22, 23]
    check(live, PLUS)


def test_rewinding_everything_starts_the_answer_again():
    live = speak()
    said = [s.token_id for s in take(live, 4)]
    live.rewind(99)
    assert [s.token_id for s in take(live, 4)] == said
    with pytest.raises(UsageError, match="positive number"):
        live.rewind(0)


def test_a_rewind_after_the_last_token_continues():
    live = speak(n=3)
    take(live, 3)
    live.rewind(2)
    assert len(list(live)) == 2
    check(live, PLUS)


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_the_context_limit_ends_an_answer(name):
    live = speak(name, prompt=zoo.ids(1, 508)[0].tolist(), n=99)
    assert len(list(live)) == 4
    assert live.stop_reason == "context"
    assert len(live.tape) == 512


def test_an_insertion_that_does_not_fit_is_refused_and_the_answer_goes_on():
    live = speak(prompt=zoo.ids(1, 500)[0].tolist(), n=4)
    take(live, 2)
    with pytest.raises(UsageError, match="the text is 40 tokens, the context has 9 left") as caught:
        live.inject_ids([20] * 40, "model")
    assert caught.value.exit_code == 2
    list(live)
    assert live.stop_reason == "length"


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_insertions_that_only_fit_one_by_one_end_the_answer_at_the_limit(name):
    live = speak(name, prompt=zoo.ids(1, 500)[0].tolist(), n=99)
    take(live, 2)
    for _ in range(3):
        live.inject_ids([20] * 4, "model")
    list(live)
    assert live.stop_reason == "context"
    assert len(live.tape) <= 512


def test_logits_that_are_not_finite_end_the_answer_with_a_sentence():
    for mixer in (
        Mixer((Channel(V, 1e38, "relative", layers=[1]),)),
        Mixer((Channel(V, 1e38, "relative", layers=[1], floor=0.0), Channel(W, 1e38, layers=[1]))),
    ):
        live = speak(mixer=MIXER)
        take(live, 2)
        live.mixer = mixer
        with pytest.raises(
            BadInput, match=r"token 2: the model's logits are not finite under .*v0 \+1e\+38"
        ) as e:
            next(live)
        assert (e.value.exit_code, live.stop_reason) == (4, "error")


def test_bf16_flips_at_the_same_token():
    model = reference.model("llama", torch.bfloat16)
    live = core.stream(model, PROMPT, mixer=MIXER, max_new_tokens=6, ignore_end=True)
    take(live, 3)
    live.mixer = live.mixer.flip(0)
    list(live)
    ids = live.tape.ids[0]
    flipped = until(lambda position: position < LENGTH + 2, True)
    said = reference.logits(reference.copy("llama", torch.bfloat16), ids, flipped).log_softmax(-1)
    unflipped = reference.logits(reference.copy("llama", torch.bfloat16), ids, PLUS).log_softmax(-1)
    errors = [abs(float(said[s.position - 1, s.token_id]) - s.logprob) for s in live.steps]
    assert max(errors) < 0.15
    apart = [abs(float(unflipped[s.position - 1, s.token_id]) - s.logprob) for s in live.steps]
    assert max(apart[:3]) < 0.15
    assert max(apart[3:]) > 0.5


def test_entropy_and_position():
    live = speak(n=3)
    list(live)
    said = reference.logits(reference.copy(), live.tape.ids[0], PLUS).log_softmax(-1)
    for step in live.steps:
        row = said[step.position - 1]
        assert step.position == LENGTH + step.index
        assert step.entropy == pytest.approx(float(-(row.exp() * row).sum()), abs=1e-3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"max_new_tokens": 0}, "max new tokens must be at least 1"),
        ({"cache": "forget"}, "cache must be keep or rebuild"),
        ({"shadow": "loud"}, "shadow must be free or forced"),
    ],
)
def test_settings_that_cannot_be_meant(settings, words):
    with pytest.raises(UsageError, match=words):
        core.stream(reference.model(), PROMPT, **settings)


def test_a_step_says_which_caps_held():
    """A ceiling nothing reaches never holds, one that everything exceeds always does; a muted one is not counted."""
    mixer = Mixer(
        (
            Channel(V, layers=[2], ceiling=1e6),
            Channel(W, layers=[2], ceiling=-50.0),
            Channel(V, layers=[2], ceiling=-60.0, muted=True),
        )
    )
    live = speak(mixer=mixer)
    list(live)
    assert [step.held_on_bound for step in live.steps] == [{0: False, 1: True}] * len(live.steps)
