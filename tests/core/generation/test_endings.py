"""Where answers end, and which tokens of them are steered as thoughts."""

from types import SimpleNamespace

import pytest

import core
from core.generation.endings import end_ids
from core.generation.live import AnswerStream
from core.mixer.mixer import Channel, Mixer
from tests.core import reference, zoo
from tests.core.reference import check, touch, vector

PROMPT = zoo.ids(1, 6)[0].tolist()
OPEN, CLOSE = 50, 51


def test_every_source_of_end_tokens_counts():
    hf = SimpleNamespace(
        generation_config=SimpleNamespace(eos_token_id=[5, 6]), config=SimpleNamespace(eos_token_id=7)
    )
    assert end_ids(hf, SimpleNamespace(eos_token_id=8)) == {5, 6, 7, 8}
    assert end_ids(SimpleNamespace(), None) == frozenset()


@pytest.mark.parametrize("where", ["generation_config", "config"])
def test_an_answer_ends_at_any_of_them(monkeypatch, where):
    model = reference.model()
    free = core.stream(model, PROMPT, max_new_tokens=12, ignore_end=True)
    said = [step.token_id for step in free]
    monkeypatch.setattr(getattr(model.hf, where), "eos_token_id", [said[3], 299])
    live = core.stream(model, PROMPT, max_new_tokens=12)
    list(live)
    first = said.index(said[3])
    assert live.token_ids == said[: first + 1]
    assert live.stop_reason == "eos"
    assert live.steps[-1].projections is not None
    assert len(live.tape) == len(PROMPT) + first + 1


def test_an_answer_ends_at_a_stop_text():
    model = reference.model()
    free = core.stream(model, PROMPT, max_new_tokens=12, ignore_end=True)
    list(free)
    stop = free.text[4:7]
    live = core.stream(model, PROMPT, max_new_tokens=12, ignore_end=True, stop=stop)
    list(live)
    assert live.stop_reason == "stop"
    assert live.text == free.text[: free.text.find(stop)]


class Thinker:
    """A tokenizer with marks for thoughts."""

    eos_token_id = None

    def get_vocab(self):
        return {"<think>": OPEN, "</think>": CLOSE}

    def decode(self, ids, **_):
        return "".join(chr(97 + i % 26) for i in ids)


def test_the_vocabulary_is_listed_once_for_all_answers_of_a_model(monkeypatch):
    listed = []
    monkeypatch.setattr(
        Thinker, "get_vocab", lambda self: listed.append(1) or {"<think>": OPEN, "</think>": CLOSE}
    )
    model = core.adopt(zoo.build("llama"), Thinker(), name="thinker")
    for _ in range(3):
        core.stream(model, [3, 4, 5], max_new_tokens=1)
    assert listed == [1]
    # Another tokenizer has marks of its own.
    model.tokenizer = Thinker()
    core.stream(model, [3, 4, 5], max_new_tokens=1)
    assert listed == [1, 1]


def thinking_model():
    return reference.with_tokenizer(Thinker())


@pytest.mark.parametrize("scope", ["thinking", "answer", "response"])
def test_scopes_tell_thoughts_from_answers(scope):
    """The prompt opens a thought; four tokens in, it is closed. The mark itself is still thought."""
    v, scale = vector(0), 6.0
    mixer = Mixer((Channel(v, scale, "unit", layers=[1, 2], scope=scope),))
    prompt = [*PROMPT, OPEN]
    live = core.stream(thinking_model(), prompt, mixer=mixer, max_new_tokens=8, ignore_end=True)
    for _ in range(4):
        next(live)
    live.inject_ids([CLOSE], "model")
    list(live)
    closed = live.tape.ids[0].index(CLOSE)
    thinks = range(len(prompt) - 1, closed)
    heard = {
        "thinking": lambda p: p in thinks,
        "answer": lambda p: p >= closed,
        "response": lambda p: p >= len(prompt) - 1,
    }[scope]
    check(
        live,
        lambda layer, p: ([touch(v, layer, push=scale)] if layer in (1, 2) and heard(p) else [], False),
    )


def test_a_thought_that_was_cut_off_does_not_reach_into_the_next_turn():
    v = vector(0)
    mixer = Mixer((Channel(v, 6.0, "unit", layers=[1], scope="thinking"),))
    first = core.stream(thinking_model(), [*PROMPT, OPEN], mixer=mixer, max_new_tokens=3, ignore_end=True)
    list(first)
    second = AnswerStream(first.model, first.tape, [40, 41], mixer, first.settings)
    list(second)
    assert first.tape.phases[len(PROMPT)] == "thinking"
    assert set(second.tape.phases[-4:]) == {"answer"}
