"""Answers on a compiled step are the answers of the eager loop, whatever happens on the way."""

from __future__ import annotations

from typing import Any

import pytest
from torch._dynamo.utils import counters

import core
from core.compiled.compiled_cache import CompiledTape
from core.compiled.workshop import graph_builder
from core.generation.live import AnswerStream
from core.mixer.mixer import Mixer
from core.model.model import Model
from tests.core.compiled.conftest import Ready
from tests.core.compiled.tiny import EVERYWHERE, PROMPT, channel, mixed

pytestmark = pytest.mark.usefixtures("ready")
CLOSE = 2e-4


def begin(model: Model, fast: bool, **settings: Any) -> AnswerStream:
    options = {"mixer": mixed(), "max_new_tokens": 24, "ignore_end": True} | settings
    return core.stream(model, PROMPT, compile=fast, **options)


def compiled(live: AnswerStream) -> bool:
    """Whether the step holds the past, so that the last token was really played there."""
    return isinstance(live.tape, CompiledTape) and live.tape.step is not None


def assert_same(fast: AnswerStream, eager: AnswerStream) -> None:
    assert fast.token_ids == eager.token_ids
    assert fast.tape.ids == eager.tape.ids
    assert fast.tape.phases == eager.tape.phases
    assert [step.logprob for step in fast.steps] == pytest.approx(
        [step.logprob for step in eager.steps], abs=CLOSE
    )
    for mine, theirs in zip(fast.steps, eager.steps, strict=True):
        assert (mine.projections is None) == (theirs.projections is None)
        for channel_index, layers in (theirs.projections or {}).items():
            for layer, pair in layers.items():
                assert mine.projections is not None
                assert mine.projections[channel_index][layer] == pytest.approx(pair, abs=CLOSE)


def both(model: Model, **settings: Any) -> tuple[AnswerStream, AnswerStream]:
    fast, eager = begin(model, True, **settings), begin(model, False, **settings)
    for live in (fast, eager):
        for _ in live:
            pass
    assert compiled(fast)
    return fast, eager


@pytest.mark.parametrize("mixer", [mixed(), mixed(keep_norm=True), Mixer(), mixed().bypass()])
def test_the_same_answer(ready: Ready, mixer: Mixer) -> None:
    assert_same(*both(ready.model, mixer=mixer))


def test_scopes_and_half_lives(ready: Ready) -> None:
    mixer = Mixer((channel(0, scale=3.0, scope="answer"), channel(1, scale=-2.0, half_life=3.0)))
    assert_same(*both(ready.model, mixer=mixer))


def test_sampling_draws_the_same_noise(ready: Ready) -> None:
    assert_same(*both(ready.model, temperature=0.9, top_p=0.9, seed=4, repetition_penalty=1.1))


def test_a_dial_turned_between_tokens(ready: Ready) -> None:
    fast, eager = begin(ready.model, True), begin(ready.model, False)
    for live in (fast, eager):
        for step in live:
            live.set(mixed((-1) ** step.index * (1 + step.index)))
    assert_same(fast, eager)
    plain = begin(ready.model, False)
    assert [step.token_id for step in plain] != fast.token_ids


def test_a_thousand_dials_and_no_second_graph(ready: Ready) -> None:
    graphs, mixer = counters["stats"]["unique_graphs"], mixed()
    answers = 0
    for change in range(1000):
        if change % 100 == 0:
            live = begin(ready.model, True, max_new_tokens=101, mixer=mixer)
            next(live)
            answers += 1
        mixer = mixer.flip(change % 8) if change % 3 else mixer.scale(0, change / 500 - 1)
        mixer = mixer.mute(change % 5, on=change % 2 == 0)
        live.set(mixer)
        next(live)
        assert compiled(live)
    assert answers == 10
    assert counters["stats"]["unique_graphs"] == graphs
    assert not counters["graph_break"]


def test_rewind_inject_and_go_on(ready: Ready) -> None:
    fast, eager = begin(ready.model, True), begin(ready.model, False)
    for live in (fast, eager):
        for _ in range(9):
            next(live)
        live.rewind(4)
        live.set(mixed(-2.0))
        next(live)
        live.inject_ids([5, 6, 7], "user")
        for _ in live:
            pass
    assert compiled(fast)
    assert_same(fast, eager)


def test_rebuild_encodes_the_past_again(ready: Ready) -> None:
    fast, eager = begin(ready.model, True, cache="rebuild"), begin(ready.model, False, cache="rebuild")
    for live in (fast, eager):
        for _ in range(6):
            next(live)
        live.set(mixed(2.0))
        for _ in live:
            pass
    assert "rebuild" in [kind for kind, _ in fast.notices]
    assert_same(fast, eager)


def test_two_talks_share_one_step(ready: Ready) -> None:
    """The step holds one past at a time; whoever is interrupted gets the own past back."""
    first, second = begin(ready.model, True), begin(ready.model, True, mixer=Mixer())
    for _ in range(8):
        next(first), next(second)
    for live, mixer in ((first, mixed()), (second, Mixer())):
        for _ in live:
            pass
        eager = begin(ready.model, False, mixer=mixer)
        for _ in eager:
            pass
        assert live.token_ids == eager.token_ids


def test_what_does_not_fit_is_played_eagerly_and_said(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        graph_builder(ready.model),
        "request_step",
        lambda size, at_once: asked.append(size) or f"being compiled: {size}",
    )
    fast, eager = begin(ready.model, True), begin(ready.model, False)
    nine = mixed().add(channel(8, gain=0.5))
    for live in (fast, eager):
        for _ in range(5):
            next(live)
        live.set(nine)
        next(live)
    assert not compiled(fast)
    assert (asked[-1].slots, asked[-1].caps) == (16, 4)
    assert [data["text"] for kind, data in fast.notices if kind == "compile"]
    for live in (fast, eager):
        live.set(mixed())
        for _ in live:
            pass
    assert compiled(fast)
    assert_same(fast, eager)


def test_lanes_without_a_graph_are_eager(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_builder(ready.model), "request_step", lambda size, at_once: None)
    fast, eager = (begin(ready.model, way, shadow="free") for way in (True, False))
    for live in (fast, eager):
        for _ in live:
            pass
    assert not compiled(fast)
    assert_same(fast, eager)


def test_the_end_of_the_context(ready: Ready) -> None:
    fast, eager = both(ready.model, max_new_tokens=500)
    assert fast.stop_reason == eager.stop_reason == "context"
    assert_same(fast, eager)


def test_meters_read_what_does_not_play(ready: Ready) -> None:
    settings = {"mixer": mixed().mute(2).mute(4), "meters": dict.fromkeys(range(8), EVERYWHERE)}
    assert_same(*both(ready.model, **settings))
