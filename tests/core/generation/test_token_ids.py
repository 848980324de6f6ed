"""Prompts and texts become ids in one place: a string, a list of messages, or the ids themselves."""

from __future__ import annotations

import pytest
import torch

import core
from core.errors import UsageError
from core.generation.chat import render_prompt
from core.generation.token_ids import prompt_ids, text_ids
from tests.core import zoo
from vectors.texts.tokenized import tokenize_text

USER = {"role": "user", "content": "Describe the boat."}
TURNS = [USER, {"role": "assistant", "content": "It is an old"}]


@pytest.fixture(scope="module")
def model() -> core.Model:
    return core.load("demo-instruct")


def test_a_prompt_is_what_the_user_says_and_a_text_stands_as_it_is(model: core.Model) -> None:
    said = render_prompt(model.tokenizer, [USER]).ids
    assert (
        prompt_ids(model, str(USER["content"]))
        == prompt_ids(model, [USER])
        == text_ids(model, [USER])
        == said
    )
    assert (
        text_ids(model, str(USER["content"])) == list(model.tokenizer(USER["content"])["input_ids"]) != said
    )


def test_a_conversation_that_ends_with_the_assistant_stays_open(model: core.Model) -> None:
    assert text_ids(model, TURNS) == prompt_ids(model, [USER], prefill="It is an old")


@pytest.mark.parametrize(
    "text", ["The boat", [USER], TURNS, [5, 6, 7]], ids=["text", "prompt", "open", "ids"]
)
def test_sides_of_pairs_are_the_same_ids(model: core.Model, text: str) -> None:
    assert list(tokenize_text(model, text).ids) == text_ids(model, text)


def test_ids_are_taken_as_they_are_without_a_tokenizer() -> None:
    mute = core.adopt(zoo.build("llama"))
    assert text_ids(mute, [5, 6]) == prompt_ids(mute, torch.tensor([5, 6])) == [5, 6]
    for ids_of in (text_ids, prompt_ids):
        with pytest.raises(UsageError, match="has no tokenizer: give token ids"):
            ids_of(mute, "Hello")
        with pytest.raises(UsageError, match="has no tokenizer: give token ids"):
            ids_of(mute, [USER])
