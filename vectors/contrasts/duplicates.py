"""Texts that say nearly the same: the share of words and pairs of words that two of them have in common (Jaccard).

Generated sets repeat themselves, and a pair that comes twice counts twice in the vector and on both sides of a
hold-out.
"""

from __future__ import annotations

import re
from itertools import pairwise

ALIKE = 0.6
WORD = re.compile(r"\w+")
Marks = frozenset[str | tuple[str, str]]


def word_shingles(text: str) -> Marks:
    words = WORD.findall(text.lower())
    return frozenset([*words, *pairwise(words)])


def jaccard_similarity(one: Marks, other: Marks) -> float:
    """From 0 to 1; two texts without a word are the same."""
    both = len(one | other)
    return len(one & other) / both if both else 1.0


class NearDuplicateFilter:
    """The texts taken so far, none of which is nearly another."""

    def __init__(self, threshold: float = ALIKE) -> None:
        self.threshold = threshold
        self._taken: list[Marks] = []

    def add_if_new(self, text: str) -> bool:
        """Whether it is new; then it is remembered."""
        found = word_shingles(text)
        if any(jaccard_similarity(found, known) >= self.threshold for known in self._taken):
            return False
        self._taken.append(found)
        return True
