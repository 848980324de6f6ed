"""Where a side is read, told by the words at those tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import core
from core.activations import positions
from core.errors import BadInput, UsageError
from vectors.extraction.material import negative_role, tokenize_pairs
from vectors.texts.pair import ContrastPair, ContrastSet
from vectors.texts.position_spec import read_positions
from vectors.texts.replies import reply_ids
from vectors.texts.tokenized import TokenizedText, first_difference, tokenize_text

CHAT = [
    {"role": "system", "content": "You are determined."},
    {"role": "user", "content": "Help me with the parser."},
    {"role": "assistant", "content": "We test the parser now."},
]


@pytest.fixture(scope="module")
def demo() -> core.Model:
    return core.load("demo-base")


def words(model: core.Model, read: str, text: Any, begins: int | None = None) -> str:
    """What the tokens say that a read chooses."""
    found = tokenize_text(model, text, begins)
    places = positions.chosen_positions([read_positions(read, found)], [len(found.ids)])[0]
    return str(model.tokenizer.decode(np.array(found.ids)[places].tolist())).strip()


def test_last_is_the_end_of_what_was_said(demo: core.Model) -> None:
    assert words(demo, "last", "He mended the parser.") == "."
    assert words(demo, "last", CHAT) == "."


def test_response_is_the_reply_alone(demo: core.Model) -> None:
    assert words(demo, "response-mean", CHAT) == "We test the parser now."
    assert words(demo, "response-mean", "He mended the parser.", begins=9) == "the parser."


def test_decision_stands_right_before_the_reply(demo: core.Model) -> None:
    found = tokenize_text(demo, CHAT)
    place = read_positions("decision", found)
    reply = found.tokens(found.reply or (0, 0))
    assert place == reply[0] - 1
    assert read_positions("decision", tokenize_text(demo, CHAT[:2])) == -1
    ids = tokenize_text(demo, "He mended the parser.", 9).ids
    place = read_positions("decision", tokenize_text(demo, "He mended the parser.", 9))
    assert isinstance(place, int)
    assert demo.tokenizer.decode(list(ids[: place + 1]), skip_special_tokens=True) == "He mended"
    with pytest.raises(UsageError, match="has no decision"):
        words(demo, "decision", "He mended the parser.")


def test_turns_are_messages(demo: core.Model) -> None:
    assert words(demo, "turn:1", CHAT) == "Help me with the parser."
    assert words(demo, "turn", CHAT) == "We test the parser now."
    with pytest.raises(UsageError, match="turn 5 of a text with 3 messages"):
        words(demo, "turn:5", CHAT)


def test_regex_and_span(demo: core.Model) -> None:
    assert words(demo, "regex:parser", CHAT) == "parser"
    assert words(demo, "regex:test the", CHAT) == "test the"
    assert words(demo, "span:0:1", "He mended the parser.") == demo.tokenizer.bos_token
    assert words(demo, "span:-2:", "He mended the parser.").endswith(".")
    with pytest.raises(UsageError, match="matches nothing"):
        words(demo, "regex:dragon", CHAT)


def test_ids_are_taken_as_they_are(demo: core.Model) -> None:
    assert tokenize_text(demo, [4, 5, 6]) == TokenizedText((4, 5, 6))
    with pytest.raises(UsageError, match="which characters a token holds"):
        read_positions("response-mean", TokenizedText((4, 5, 6), reply=(0, 3)))


def test_a_choice_is_read_at_the_word_that_decides(demo: core.Model) -> None:
    asked = {"role": "user", "content": "Is the parser done?"}
    pair = ContrastPair(
        [asked, {"role": "assistant", "content": "The parser rests."}],
        [asked, {"role": "assistant", "content": "The lute rests."}],
    )
    one, other = tokenize_pairs(demo, ContrastSet("ab", (pair,), shape="evals"), "last")
    assert one.ids[:-1] == other.ids[:-1]
    assert one.ids[-1] != other.ids[-1]


def test_answers_that_share_their_tokens_are_refused() -> None:
    with pytest.raises(BadInput, match="pair 3: answers share first token"):
        first_difference(3, TokenizedText((1, 2, 3)), TokenizedText((1, 2, 3)))


def test_roles_are_the_negative_system_prompts() -> None:
    assert negative_role(ContrastPair("up", "down", "way")) == "way"
    assert negative_role(ContrastPair(CHAT, CHAT[:2], "way")) == "You are determined."


def test_a_reply_is_greedy_and_ends_before_its_end_token(demo: core.Model) -> None:
    ids = tokenize_text(demo, CHAT[:2]).ids
    reply = reply_ids(demo, ids, 60)
    live = core.stream(demo, list(ids), max_new_tokens=60)
    said = [step.token_id for step in live]
    assert reply == (said[:-1] if live.stop_reason == "eos" else said)
    assert reply == reply_ids(demo, ids, 60)
    assert len(reply_ids(demo, ids, 5)) == 5
