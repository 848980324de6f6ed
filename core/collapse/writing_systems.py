"""The writing system of a text, and answers that drift into letters which nobody used.

A letter's system is the first word of its Unicode name: CYRILLIC SMALL LETTER A. Chinese characters and Japanese kana
count as one, because Japanese mixes them. Latin letters are never foreign: names, code, markup and the words of chat
templates use them under any prompt.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

LATIN = "Latin"
EAST_ASIAN = "Chinese or Japanese"
EAST_ASIAN_NAMES = frozenset({"CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "BOPOMOFO"})
FOREIGN = 16
"""So many tokens with letters of foreign systems, and none with other letters between, are no loan word."""
LOOK_BACK = 64


@lru_cache(maxsize=4096)
def letter_system(character: str) -> str | None:
    """The writing system of a character, or None if it is not a letter of one."""
    # Compatibility forms are the letters they stand for: a bold mathematical A is a Latin A.
    letter = unicodedata.normalize("NFKC", character)[:1]
    if not letter.isalpha():
        return None
    word = unicodedata.name(letter, "").partition(" ")[0].partition("-")[0]
    if word in EAST_ASIAN_NAMES:
        return EAST_ASIAN
    return None if word in ("", "MODIFIER") else word.title()


def writing_systems(text: str) -> frozenset[str]:
    """The writing systems of all letters of a text."""
    if text.isascii():
        return frozenset({LATIN} if any(map(str.isalpha, text)) else ())
    return frozenset(system for system in map(letter_system, set(text)) if system)


def familiar_systems(given: Iterable[str]) -> frozenset[str]:
    """The writing systems an answer to these texts may use."""
    return frozenset({LATIN}).union(*map(writing_systems, given))


def foreign_system(texts: Sequence[str], familiar: frozenset[str]) -> str | None:
    """The foreign writing system in which the last tokens are written, the commonest of several; None while there
    are too few of them.

    Digits, spaces and signs neither count nor end a run. A token without text is a part of the character that the
    next token with text completes, so it counts where that one does.
    """
    found: Counter[str] = Counter()
    count = 0
    inside = False
    for text in reversed(texts[-LOOK_BACK:]):
        systems = writing_systems(text)
        if systems & familiar:
            break
        inside = bool(systems) or (inside and not text)
        count += inside
        found.update(systems)
        if count >= FOREIGN:
            return found.most_common(1)[0][0]
    return None
