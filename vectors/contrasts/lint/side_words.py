"""The words of a pair that the lint compares: what each side says itself, and what both say together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from vectors.texts.pair import ContrastPair, Text

WORD = re.compile(r"\w+(?:['’]\w+)*")
PIECE = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
Words: TypeAlias = tuple[str, ...]
NUMBERS = frozenset(
    (
        *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
        *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
        *("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred", "thousand"),
    )
)


def side_text(side: Text) -> str | None:
    """A text, or the last message of a conversation: what a model reads last; None for token ids."""
    if isinstance(side, str):
        return side
    last = side[-1] if side else None
    return str(last["content"]) if isinstance(last, Mapping) else None


def text_pieces(text: str) -> Words:
    """Words in lower case, and punctuation marks, in their order."""
    return tuple(PIECE.findall(text.lower()))


def pair_texts(pair: ContrastPair) -> tuple[str, ...]:
    """Every different text of a pair but its system prompts, which sets use in turn."""
    texts = [text for side in (pair.positive, pair.negative) for text in _message_texts(side)]
    return tuple(dict.fromkeys(texts))


def _message_texts(side: Text) -> list[str]:
    if isinstance(side, str):
        return [side]
    messages = [message for message in side if isinstance(message, Mapping)]
    return [str(message["content"]) for message in messages if message.get("role") != "system"]


def known_names(texts: Iterable[str]) -> frozenset[str]:
    """Words, in lower case, that the texts write with a capital and never without: names, as far as one can tell."""
    capital, small = set[str](), set[str]()
    for text in texts:
        for word in WORD.findall(text):
            (capital if word[0].isupper() else small).add(word.lower())
    return frozenset(capital - small)


def masked_words(text: str, names: frozenset[str]) -> Words:
    """The words in lower case, with one sign for every name and one for every number."""
    return tuple(_mask_word(word, names) for word in WORD.findall(text.lower()))


def _mask_word(word: str, names: frozenset[str]) -> str:
    if word in NUMBERS or any(letter.isdigit() for letter in word):
        return "#"
    return "@" if word in names else word
