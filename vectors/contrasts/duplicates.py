"""Near-duplicate texts, by the Jaccard similarity of their words and word pairs.

Generated sets repeat themselves, and a pair that occurs twice counts twice in the vector and may land on
both sides of the hold-out split.
"""

from __future__ import annotations

import re
from itertools import pairwise

ALIKE = 0.6
WORD = re.compile(r"\w+")
Marks = frozenset[str | tuple[str, str]]


def word_shingles(text: str) -> Marks:
    words = WORD.findall(text.lower())
    # Pairs let the order of the words count, too.
    return frozenset([*words, *pairwise(words)])


def jaccard_similarity(one: Marks, other: Marks) -> float:
    """Jaccard similarity from 0 to 1; two texts without words count as equal."""
    both = len(one | other)
    return len(one & other) / both if both else 1.0


class NearDuplicateFilter:
    """Accepts texts that are not nearly the same as one accepted before."""

    def __init__(self, threshold: float = ALIKE) -> None:
        self.threshold = threshold
        self._taken: list[Marks] = []

    def add_if_new(self, text: str) -> bool:
        """Return whether the text is new, and remember it if it is."""
        shingles = word_shingles(text)
        if any(jaccard_similarity(shingles, known) >= self.threshold for known in self._taken):
            return False
        self._taken.append(shingles)
        return True
