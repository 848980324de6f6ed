"""Text as it comes: characters whole, stop texts unsaid, nothing lost against decoding all at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from core.generation.endings import TextStream
from tests.core import zoo

BYTES = zoo.tokenizer()


def spaced():
    """A tokenizer of the SentencePiece kind: ▁ marks a space, and the first one of a text is dropped."""
    words = ["<unk>", "<s>", "▁the", "▁ferry", "▁", "left", "ly", ",", "▁a"]
    wordlevel = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    wordlevel.pre_tokenizer = pre_tokenizers.Metaspace()
    wordlevel.decoder = decoders.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=wordlevel, unk_token="<unk>", bos_token="<s>")


SPACED = spaced()


def whole(tokenizer, ids):
    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def streamed(tokenizer, ids, stops=()):
    stream = TextStream(tokenizer, stops)
    parts = [stream.push(token) for token in ids]
    return [*parts, stream.flush()], stream


def byte_ids(text):
    """One token per byte, however the tokenizer would merge them."""
    alphabet = BYTES.get_vocab()
    letters = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    return [alphabet[letter] for piece, _ in letters for letter in piece]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30))
def test_any_text_byte_by_byte(text):
    parts, _ = streamed(BYTES, byte_ids(text))
    assert "".join(parts) == text
    assert not any("�" in part for part in parts) or "�" in text


def test_a_character_is_held_until_its_last_byte():
    parts, _ = streamed(BYTES, byte_ids("a€🙂b"))
    assert parts == ["a", "", "", "€", "", "", "", "🙂", "b", ""]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, zoo.VOCAB - 1), max_size=25))
def test_random_tokens_lose_nothing_against_decoding_at_once(ids):
    """Also what is no text at all: stray bytes become U+FFFD, as many as in one decoding."""
    parts, _ = streamed(BYTES, ids)
    assert "".join(parts) == whole(BYTES, ids)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 8), max_size=15))
def test_spaces_survive_where_a_tokenizer_drops_the_first(ids):
    parts, _ = streamed(SPACED, ids)
    assert "".join(parts) == whole(SPACED, ids)


def test_a_character_cut_off_at_the_end_is_shown_as_such():
    parts, _ = streamed(BYTES, byte_ids("a€")[:-1])
    assert "".join(parts) == "a�"


@pytest.mark.parametrize(
    ("text", "stops", "said", "stopped"),
    [
        ("one two three", ["two"], "one ", True),
        ("one two three", ["four"], "one two three", False),
        ("one END", ["END"], "one ", True),
        ("one EN", ["END"], "one EN", False),
        ("ababac", ["abac"], "ab", True),
        ("x\n\nUser: y", ["\nUser:", "\n\nUser:"], "x", True),
        ("€🙂 stop", ["🙂"], "€", True),
        ("anything", [""], "anything", False),
        ("first second", ["second", "first"], "", True),
    ],
)
def test_stop_texts_across_token_borders(text, stops, said, stopped):
    """Byte by byte and as the tokenizer merges, no part of a stop text is ever shown."""
    for ids in (byte_ids(text), BYTES(text, add_special_tokens=False)["input_ids"]):
        parts, stream = streamed(BYTES, ids, stops)
        assert ("".join(parts), stream.stopped) == (said, stopped)


@settings(max_examples=100, deadline=None)
@given(st.text("abc", max_size=20), st.lists(st.text("abc", min_size=1, max_size=3), max_size=2))
def test_what_is_said_is_the_text_before_the_first_stop(text, stops):
    parts, stream = streamed(BYTES, byte_ids(text), stops)
    found = [text.find(stop) for stop in stops if stop in text]
    ends = [text.find(stop) + len(stop) for stop in stops if stop in text]
    assert stream.stopped == bool(found)
    if found:
        # Several may match; the answer ends with the one that is complete first.
        first = min(ends)
        complete = [text.find(stop) for stop in stops if stop in text[:first]]
        assert "".join(parts) == text[: min(complete)]
    else:
        assert "".join(parts) == text


def test_special_tokens_are_not_text():
    ids = [BYTES.bos_token_id, *byte_ids("hi"), BYTES.eos_token_id]
    assert "".join(streamed(BYTES, ids)[0]) == "hi"


def test_without_a_tokenizer_there_is_no_text():
    assert "".join(streamed(None, [5, 6, 7])[0]) == ""
