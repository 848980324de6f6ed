"""Many answers at once: each lane equals the answer generated alone, whatever runs beside it."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence

import pytest
import torch
import transformers

import core
from core.generation.batch.lane_answer import LaneAnswer, LaneRequest
from core.generation.batch.lane_batch import LaneBatch
from core.generation.batch.lane_support import why_alone, why_no_lane
from core.generation.batch.one_by_one import OneByOne
from core.generation.sampling import TokenSampler
from core.mixer.mixer import Channel, Mixer
from core.regions.notations import Notation, RegionMarks
from tests.core import reference, zoo
from tests.core.reference import vector

V, W = vector(0), vector(1)
LENGTHS = (1, 5, 120, 17, 64, 2, 33)
PROMPTS = [tuple(zoo.ids(1, n, seed=n)[0].tolist()) for n in LENGTHS]
NAMES = pytest.mark.parametrize("name", ["llama", "qwen2", "gemma", "gpt2"])
MIXERS = (
    Mixer((Channel(V, 1.0, "relative", layers=[1, 2]),)),
    Mixer((Channel(V, -1.0, "relative", layers=[1, 2]),)),
    Mixer((Channel(W, 0.0, layers=[2], ceiling=0.5), Channel(V, 2.0, "unit", layers=[2]))),
    Mixer((Channel(W, 0.0, layers=[1], gain=0.0),)),
    Mixer(),
)


@functools.cache
def tiny(name: str = "llama") -> core.Model:
    if name != "gemma":
        return reference.model(name)
    config = transformers.GemmaConfig(**zoo.SHAPE, head_dim=16)
    hf = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    zoo.fill(hf, 0)
    return core.adopt(hf.eval(), name=name)


def answers(runner: LaneBatch | OneByOne) -> dict[int, LaneAnswer]:
    found = {}
    while not runner.done:
        for answer in runner.step():
            assert answer.number not in found
            found[answer.number] = answer
    return found


def in_lanes(requests: Sequence[LaneRequest], n_lanes: int, name: str = "llama") -> dict[int, LaneAnswer]:
    return answers(LaneBatch(tiny(name), dict(enumerate(requests)), n_lanes))


def alone(requests: Sequence[LaneRequest], name: str = "llama") -> dict[int, LaneAnswer]:
    return answers(OneByOne(tiny(name), dict(enumerate(requests))))


def same(some: dict[int, LaneAnswer], others: dict[int, LaneAnswer]) -> None:
    assert some.keys() == others.keys()
    for number, one in some.items():
        other = others[number]
        assert (one.token_ids, one.texts, one.stop_reason) == (
            other.token_ids,
            other.texts,
            other.stop_reason,
        )
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)
        assert one.entropies == pytest.approx(other.entropies, abs=1e-4)


def greedy(mixers: Sequence[Mixer], n: int = 6, **settings: object) -> list[LaneRequest]:
    each = [mixers[k % len(mixers)] for k in range(len(PROMPTS))]
    return [
        LaneRequest(ids, mixer, max_new_tokens=n, ignore_end=True, **settings)  # type: ignore[arg-type]
        for ids, mixer in zip(PROMPTS, each, strict=True)
    ]


@NAMES
def test_prompts_of_unequal_length_are_answered_as_alone(name: str) -> None:
    requests = greedy((Mixer(),))
    same(in_lanes(requests, 3, name), alone(requests, name))


def test_a_lane_takes_the_next_prompt_after_the_cache_has_grown() -> None:
    """The columns of a block are used up by the first answers, while the last prompt still waits for a lane."""
    short = [tuple(zoo.ids(1, 40, seed=seed)[0].tolist()) for seed in range(3)]
    requests = [
        LaneRequest(prompt, MIXERS[0], TokenSampler(temperature=0.0), (), n, ignore_end=True)
        for prompt, n in zip(short, (30, 50, 4), strict=True)
    ]
    same(in_lanes(requests, 2), alone(requests))


@NAMES
def test_every_lane_has_its_own_mixer(name: str) -> None:
    requests = greedy(MIXERS)
    found = in_lanes(requests, 10, name)
    same(found, alone(requests, name))
    plain = in_lanes(greedy((Mixer(),)), 10, name)
    # A random Gemma is certain of every token: its log-probabilities are 0 with and without a push.
    pushed = [k for k in found if name != "gemma" and k % len(MIXERS) in (0, 1)]
    assert all(found[k].logprobs != pytest.approx(plain[k].logprobs, abs=1e-3) for k in pushed)


def test_the_single_run_is_core_s_own() -> None:
    (request,) = greedy((MIXERS[2],))[:1]
    live = core.stream(tiny(), list(request.ids), mixer=MIXERS[2], max_new_tokens=6, ignore_end=True)
    assert [step.token_id for step in live] == list(alone([request])[0].token_ids)


def test_a_common_beginning_is_encoded_once_and_changes_nothing() -> None:
    head = PROMPTS[3]
    prompts = [head + ids[:n] for ids, n in zip(PROMPTS, (1, 3, 50, 9, 0), strict=False)]
    requests = [LaneRequest(ids, MIXERS[0], max_new_tokens=6, ignore_end=True) for ids in prompts]
    same(in_lanes(requests, 5), alone(requests))


def test_a_common_beginning_that_is_steered_differently_is_encoded_for_each() -> None:
    prompts = [PROMPTS[3] + ids[:4] for ids in PROMPTS[2:5]]
    requests = [
        LaneRequest(ids, mixer, max_new_tokens=6, ignore_end=True)
        for ids, mixer in zip(prompts, MIXERS, strict=False)
    ]
    same(in_lanes(requests, 3), alone(requests))


@pytest.mark.parametrize("scope", ["prompt", "response", "answer"])
def test_scopes_hold_in_lanes(scope: str) -> None:
    mixers = (Mixer((Channel(V, 4.0, "unit", layers=[1, 2], scope=scope),)), Mixer())
    same(in_lanes(greedy(mixers, 5), 4), alone(greedy(mixers, 5)))


def test_lanes_think_and_answer_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Token 7 opens a thought and token 8 closes it: prompts that end inside and outside one, in one batch."""
    marks = RegionMarks(("open",), ("close",), ("open", "close"))
    monkeypatch.setattr("core.regions.notations.NOTATIONS", {"own": Notation(("none",), {"thinking": marks})})
    words = {
        "get_vocab": lambda self: {"open": 7, "close": 8},
        "decode": lambda *args, **options: "x",
        "__call__": lambda *args, **options: {"input_ids": [3, 4, 5]},
    }
    tokenizer = type("Tokenizer", (), words)()
    model = core.adopt(zoo.build("llama"), tokenizer, name="thinker")
    mixer = Mixer((Channel(V, 5.0, "unit", layers=[1, 2], scope="thinking"),))
    prompts = [(3, 4, 7, 5), (3, 4, 7, 8, 5), (3, 5, 6, 9, 10, 11)]
    requests = dict(enumerate(LaneRequest(ids, mixer, max_new_tokens=6, ignore_end=True) for ids in prompts))
    found = answers(LaneBatch(model, requests, 3))
    same(found, answers(OneByOne(model, requests)))
    plain = {k: LaneRequest(r.ids, max_new_tokens=6, ignore_end=True) for k, r in requests.items()}
    unsteered = answers(OneByOne(model, plain))
    assert found[0].logprobs != pytest.approx(unsteered[0].logprobs, abs=1e-3)
    assert found[2].logprobs == pytest.approx(unsteered[2].logprobs, abs=1e-3)


def test_a_half_life_counts_each_lane_s_own_tokens() -> None:
    mixers = (Mixer((Channel(V, 6.0, "unit", layers=[1, 2], half_life=2.0),)),)
    same(in_lanes(greedy(mixers, 6), 3), alone(greedy(mixers, 6)))


def test_sampled_answers_do_not_depend_on_what_runs_beside_them() -> None:
    def asked(k: int) -> LaneRequest:
        return LaneRequest(
            PROMPTS[k], MIXERS[k % 5], TokenSampler(temperature=1.3, top_p=0.9, seed=100 + k), (), 8
        )

    numbers = list(range(len(PROMPTS)))
    whole = answers(LaneBatch(tiny(), {k: asked(k) for k in numbers}, 10))
    random.Random(1).shuffle(numbers)
    part = answers(LaneBatch(tiny(), {k: asked(k) for k in numbers[:4]}, 2))
    assert {k: whole[k].token_ids for k in part} == {k: a.token_ids for k, a in part.items()}
    assert len({a.token_ids for a in whole.values()}) == len(PROMPTS)


def test_a_penalty_reads_the_lane_s_own_context() -> None:
    requests = greedy((Mixer(),), sampling=TokenSampler(repetition_penalty=3.0))
    found = in_lanes(requests, 4)
    same(found, alone(requests))
    assert found[0].token_ids != in_lanes(greedy((Mixer(),)), 4)[0].token_ids


def test_lanes_end_at_their_own_stop_texts_ends_and_limits() -> None:
    model = core.adopt(zoo.build("llama"), zoo.tokenizer(), name="llama with words")
    free = answers(OneByOne(model, {0: LaneRequest(PROMPTS[1], max_new_tokens=12, ignore_end=True)}))[0]
    stop = next(text for text in free.texts[3:] if text.strip())
    limits = (12, 2, 12, 12, 7)
    stops = ((stop,), (), ("no such text",), (), ())
    requests = {
        k: LaneRequest(PROMPTS[1], Mixer(), TokenSampler(), stops[k], limits[k], ignore_end=k != 3)
        for k in range(5)
    }
    # End tokens are those of the configuration: the one that the answer says at token 5.
    model.hf.generation_config.eos_token_id = free.token_ids[5]
    found = answers(LaneBatch(model, requests, 5))
    same(found, answers(OneByOne(model, requests)))
    assert [found[k].stop_reason for k in range(5)] == ["stop", "length", "length", "eos", "length"]
    assert stop not in found[0].text
    assert found[2].text == free.text
    assert len(found[3].token_ids) <= 6


def test_an_answer_that_fails_leaves_the_others_alone() -> None:
    # The largest float twice on one coordinate is no float any more.
    first = torch.nn.functional.one_hot(torch.tensor(0), zoo.HIDDEN).float()
    same_way = reference.Vector({1: first, 2: first})
    loud = Mixer((Channel(same_way, 3e38, "unit", layers=[1, 2]),))
    requests = greedy((Mixer(),))[:4]
    requests[1] = LaneRequest(PROMPTS[1], loud, max_new_tokens=8, ignore_end=True)
    requests[2] = LaneRequest((), max_new_tokens=8)
    found, single = in_lanes(requests, 4), alone(requests)
    assert "not finite" in found[1].error
    assert (found[2].stop_reason, found[2].error) == ("error", "the prompt is empty")
    assert single[2].error == found[2].error
    same({k: found[k] for k in (0, 3)}, {k: single[k] for k in (0, 3)})


def test_the_context_ends_an_answer() -> None:
    long = tuple(zoo.ids(1, 510, seed=3)[0].tolist())
    requests = [
        LaneRequest(long, max_new_tokens=9, ignore_end=True),
        LaneRequest(PROMPTS[1], max_new_tokens=9),
    ]
    found = in_lanes(requests, 2)
    same(found, alone(requests))
    assert (found[0].stop_reason, len(found[0].token_ids)) == ("context", 2)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("llama", ""),
        ("qwen2", ""),
        ("gemma", ""),
        ("mistral", "see 32"),
        ("bloom", "does not take lanes"),
    ],
)
def test_what_lanes_cannot_take_is_said(name: str, words: str) -> None:
    short, long = LaneRequest(PROMPTS[1], max_new_tokens=8), LaneRequest(PROMPTS[2], max_new_tokens=8)
    found = why_no_lane(tiny(name), long)
    assert words in found
    assert bool(found) == bool(words)
    if name == "mistral":
        assert why_no_lane(tiny(name), short) == ""
        # 32 tokens fit the window, 33 do not.
        assert why_no_lane(tiny(name), LaneRequest(PROMPTS[1], max_new_tokens=27)) == ""
        assert "33 tokens" in why_no_lane(tiny(name), LaneRequest(PROMPTS[1], max_new_tokens=28))
        requests = [short, LaneRequest(PROMPTS[3], MIXERS[0], max_new_tokens=8)]
        same(in_lanes(requests, 2, name), alone(requests, name))


def test_a_model_that_ignores_the_mask_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    model = core.adopt(zoo.build("llama", seed=5), name="blind")
    forward = model.hf.forward

    @functools.wraps(forward)
    def blind(**given: object) -> object:
        mask = given.get("attention_mask")
        return forward(**given | {"attention_mask": None if mask is None else torch.zeros_like(mask)})  # type: ignore[call-overload]

    monkeypatch.setattr(model.hf, "forward", blind)
    assert "something else in lanes" in why_alone(model, LaneRequest(PROMPTS[1], max_new_tokens=2))
