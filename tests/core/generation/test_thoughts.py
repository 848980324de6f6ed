"""A model that thinks, steered in its thoughts alone; budgets, rewinds and the ends of turns."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import pytest

import core
from core.errors import UsageError
from core.generation.conversation import Conversation
from core.mixer.mixer import Channel, Mixer
from tests.core import zoo
from tests.core.generation.test_spoken_turns import TEMPLATES
from tests.core.reference import vector
from tests.core.regions.test_regions import SPECIAL, byte_tokenizer


@cache
def thinker(name: str = "Qwen") -> core.Model:
    tokenizer = byte_tokenizer(SPECIAL[name])
    tokenizer.chat_template = TEMPLATES[name][0]
    return core.adopt(zoo.build("llama"), tokenizer, name="thinker")


def mark(text: str, name: str = "Qwen") -> int:
    return int(thinker(name).tokenizer.convert_tokens_to_ids(text))


def steered(scope: str, **more: Any) -> Mixer:
    return Mixer((Channel(vector(0), 4.0, "unit", layers=[1, 2], scope=scope, **more),))


def answer(mixer: Mixer, thought: int = 5, said: int = 5, **settings: Any) -> Any:
    """An answer that thinks for some tokens, closes its thought and goes on."""
    live = core.stream(thinker(), "Hi", mixer=mixer, max_new_tokens=40, ignore_end=True, **settings)
    for _ in range(thought):
        next(live)
    live.inject_ids([mark("</think>")], "model")
    for _ in range(said):
        next(live)
    return live


@pytest.mark.parametrize("scope", ["thinking", "answer"])
def test_only_the_positions_of_the_scope_are_moved(scope: str) -> None:
    live = answer(steered(scope))
    moved = {step.index: step.delta for step in live.steps if step.delta is not None}
    assert [live.steps[k].region for k in (0, 4, 5, 8)] == ["thinking", "thinking", "answer", "answer"]
    inside = {k for k, step in enumerate(live.steps) if step.region == scope and k in moved}
    assert len(inside) >= 4
    assert all(moved[k] > 0 for k in inside)
    # Exactly: no state of another position is touched.
    assert {moved[k] for k in moved.keys() - inside} == {0.0}


def test_a_rewind_into_the_thought_is_steered_as_before() -> None:
    live = answer(steered("thinking"))
    phases = [*live.tape.phases]
    lived = [step.token_id for step in live.steps]
    live.rewind(8)
    for _ in range(3):
        next(live)
    assert [step.region for step in live.steps] == ["thinking"] * 5
    assert [step.token_id for step in live.steps] == lived[:5]
    assert live.tape.phases == phases[: len(live.tape)]


def test_a_tool_call_is_left_alone() -> None:
    live = answer(steered("answer", not_in="tool"), said=2)
    live.inject_ids([mark("<tool_call>")], "model")
    for _ in range(3):
        next(live)
    live.inject_ids([mark("</tool_call>")], "model")
    for _ in range(3):
        next(live)
    found = [(step.region, step.delta) for step in live.steps[5:-1]]
    assert [region for region, _ in found] == [*["answer"] * 2, *["tool"] * 3, *["answer"] * 2]
    assert all((delta == 0.0) == (region == "tool") for region, delta in found)
    settings = live.mixer.channels[0].to_json()
    assert settings["not_in"] == ["tool"]
    assert Channel.from_json(settings, vector(0)).not_in == ("tool",)
    assert "not_in" not in Channel(vector(0)).to_json()


def test_a_scope_that_never_acts_is_refused_when_it_is_set() -> None:
    plain = core.adopt(zoo.build("llama"), zoo.tokenizer(), name="plain")
    live = core.stream(plain, "Hi", max_new_tokens=2)
    with pytest.raises(UsageError, match=r"^scope=thinking never acts on plain: .*; use scope=response$"):
        live.mixer = steered("thinking")
    with pytest.raises(UsageError, match=r"^not-in=tool changes nothing on plain: "):
        live.set(steered("all", not_in="tool"))
    # A muted channel may wait for another model.
    live.mixer = steered("thinking").mute(0)
    live.mixer = steered("answer")
    with pytest.raises(UsageError, match="unknown not-in 'song'"):
        Channel(vector(0), not_in="song")


def test_at_the_budget_the_thought_is_closed() -> None:
    live = core.stream(thinker(), "Hi", max_new_tokens=9, ignore_end=True, thought_budget=4)
    list(live)
    assert [step.region for step in live.steps] == [*["thinking"] * 4, *["answer"] * 5]
    (notice,) = [data for kind, data in live.notices if kind == "inject"]
    assert notice == {
        "at": 4,
        "text": "</think>",
        "role": "model",
        "ids": [mark("</think>")],
        "source": "thought budget",
    }
    free = core.stream(thinker(), "Hi", max_new_tokens=9, ignore_end=True)
    list(free)
    assert {step.region for step in free.steps} == {"thinking"}


def test_marks_are_text_so_that_a_kept_beginning_is_in_its_thought() -> None:
    talk = Conversation(thinker("Gemma 4"))
    live = talk.say("Hi", max_new_tokens=8, ignore_end=True, prefill="<|channel>thought\nHe")
    next(live)
    assert live.steps[0].region == "thinking"
    live.inject_ids([mark("<channel|>", "Gemma 4")], "model")
    next(live)
    assert live.steps[1].region == "answer"


def test_two_end_marks_never_follow_each_other() -> None:
    """gpt-oss ends an answer by <|return|>, and its template by <|end|> once another turn follows."""
    model = thinker("gpt-oss")
    ends, returned = mark("<|end|>", "gpt-oss"), mark("<|return|>", "gpt-oss")
    before = model.tokenizer.eos_token
    model.tokenizer.eos_token = "<|return|>"
    try:
        talk = Conversation(model)
        for text in ("Hi", "And then?"):
            live = talk.say(text, max_new_tokens=8)
            next(live)
            live.inject_ids([returned], "model")
            live.settle()
            live.cancel()
            list(live)
        live = talk.say("More", max_new_tokens=2)
        list(live)
    finally:
        model.tokenizer.eos_token = before
    ids = live.tape.ids[0]
    assert ids.count(returned) == 2
    pairs = set(pairwise(ids))
    assert not pairs & {(returned, ends), (returned, returned), (ends, ends)}
    # What the template says after the mark is there.
    assert ids[ids.index(returned) + 1] == mark("<|start|>", "gpt-oss")


def test_an_open_end_is_closed_by_the_template() -> None:
    """An answer that was cut off has no end of its own: the template's stays."""
    talk = Conversation(thinker("gpt-oss"))
    list(talk.say("Hi", max_new_tokens=2, ignore_end=True))
    live = talk.say("More", max_new_tokens=1)
    list(live)
    assert live.tape.ids[0].count(mark("<|end|>", "gpt-oss")) == 3
