"""What is spoken is measured in the answer: thoughts are generated, kept as context, and not counted."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import core
from core.generation.batch.lane_answer import LaneAnswer, LaneRequest
from core.generation.batch.lane_batch import LaneBatch
from core.generation.batch.one_by_one import OneByOne
from core.generation.token_ids import prompt_ids
from core.jobs.job import run_steps
from core.mixer.mixer import Channel, Mixer
from core.regions import spoken_part
from tests.core import zoo
from tests.core.generation.test_spoken_turns import MESSAGES, QWEN, REWRITING, TEMPLATES
from tests.core.reference import vector
from tests.core.regions.test_regions import SPECIAL, byte_tokenizer
from vectors.checks.answers.batch_answers import sample_answers
from vectors.checks.answers.judged_pairs import judge_pairs
from vectors.extraction.extract import extract
from vectors.texts.pair import ContrastPair
from vectors.texts.replies import generate_replies
from vectors.texts.tokenized import tokenize_text

LONGEST, SAID = 6, 5
OFF = {"enable_thinking": False}


@pytest.fixture
def thinker(monkeypatch: pytest.MonkeyPatch) -> core.Model:
    """Random, so that its thoughts end only where they are closed."""
    monkeypatch.setattr(spoken_part, "LONGEST_THOUGHT", LONGEST)
    return model_with(QWEN, "Qwen")


def model_with(template: str, name: str = "") -> core.Model:
    tokenizer = byte_tokenizer(SPECIAL.get(name, ""))
    tokenizer.chat_template = template
    return core.adopt(zoo.build("llama"), tokenizer, name="thinker")


def close_of(model: core.Model) -> int:
    return int(model.tokenizer.convert_tokens_to_ids("</think>"))


def test_answers_begin_behind_the_thought(thinker: core.Model) -> None:
    prompts = [prompt_ids(thinker, text) for text in ("Hi", "What now?")]
    said = run_steps(sample_answers(thinker, prompts, max_new=SAID, temperature=0.0))[0]
    for answer in said:
        assert len(answer.tokens) == SAID
        assert len(answer.thought) > LONGEST
        assert answer.thought[LONGEST] == close_of(thinker)
    off = [prompt_ids(thinker, "Hi", template_args=OFF)]
    (plain,) = run_steps(sample_answers(thinker, off, max_new=SAID, temperature=0.0))[0]
    assert close_of(thinker) not in plain.thought
    assert len(plain.tokens) == SAID


def test_a_model_without_marks_says_every_token() -> None:
    model = model_with(TEMPLATES["Llama"][0])
    (answer,) = run_steps(sample_answers(model, [[5, 6, 7]], max_new=SAID, temperature=0.0))[0]
    assert (len(answer.tokens), answer.thought) == (SAID, ())


def test_generated_replies_are_read_behind_their_thought(thinker: core.Model) -> None:
    side = tokenize_text(thinker, MESSAGES[:1])
    (longer,), (choice,) = run_steps(generate_replies(thinker, [side], SAID))
    assert isinstance(choice, tuple)
    assert choice[1] - choice[0] == SAID
    assert longer.ids[choice[1] :] == ()
    assert close_of(thinker) in longer.ids[len(side.ids) : choice[0]]


def test_lanes_and_single_answers_begin_at_the_same_token(thinker: core.Model) -> None:
    """Where the thought ends by itself: `</think>` is what this model says behind everything."""
    row = thinker.hf.lm_head.weight[close_of(thinker)].detach()
    unit = torch.as_tensor(row / row.norm())
    v = type(vector(0))({3: unit}, "close")
    mixer = Mixer((Channel(v, 400.0, "unit", layers=[3], scope="thinking"),))
    ids = tuple(prompt_ids(thinker, "Hi"))
    request = LaneRequest(ids, mixer, max_new_tokens=SAID, spoken_only=True, ignore_end=True)
    runners: list[Any] = [LaneBatch(thinker, {0: request}, 1), OneByOne(thinker, {0: request})]
    found: list[LaneAnswer] = []
    for runner in runners:
        while not runner.done:
            found += runner.step()
    assert found[0].token_ids == found[1].token_ids
    assert found[0].begins == found[1].begins >= 1
    assert all(len(answer.token_ids) - answer.begins == SAID for answer in found)


def test_judged_replies_stand_behind_a_closed_thought(thinker: core.Model) -> None:
    def side(reply: str) -> list[dict[str, str]]:
        return [MESSAGES[0], {"role": "assistant", "content": reply}]

    given = ContrastPair(side("Yes, gladly."), side("No, never."))
    silent = ContrastPair([{"role": "system", "content": "Be kind."}, MESSAGES[0]], [MESSAGES[0]])
    found = run_steps(judge_pairs(thinker, [given, silent]))
    decode = thinker.tokenizer.decode
    for pair in found:
        assert decode(list(pair.contexts[0])).endswith("assistant\n<think>\n\n</think>\n\n")
        assert decode(list(pair.prompts[0])).endswith("assistant\n<think>\n")
    assert decode(list(found[0].positive)) == "Yes, gladly."
    # Generated replies are read behind the thoughts that they came from.
    assert all(close_of(thinker) in own for own in found[1].own)
    (off,) = run_steps(judge_pairs(thinker, [given], OFF))
    assert off.contexts == off.prompts == found[0].contexts


@pytest.mark.parametrize(
    ("template", "args", "thinking", "told"),
    [(QWEN, {}, "on", False), (QWEN, OFF, "off", False), (REWRITING, {}, None, True)],
)
def test_the_result_says_how_it_was_measured(
    template: str, args: dict[str, Any], thinking: str | None, told: bool
) -> None:
    model = model_with(template, "Qwen" if thinking else "")
    pairs = [
        ContrastPair(
            [{"role": "user", "content": f"Go {n}"}, {"role": "assistant", "content": f"all right {n}"}],
            [{"role": "user", "content": f"Go {n}"}, {"role": "assistant", "content": f"never {n}"}],
        )
        for n in range(4)
    ]
    result = extract(
        model, pairs, read="response-mean", holdout=0.0, suggest=False, layers=(1,), template_args=args
    )
    summary = result.to_json()
    assert summary.get("thinking") == thinking
    assert ("replies" in summary) == told
    if told:
        assert str(summary["replies"]).startswith("the chat template rewrites the words of a reply")
        assert "(4 replies)" in str(summary["replies"])
