"""Counts whole words: `cat` is not counted in `category`; a phrase counts where its words follow one
another.

(The published counter looks for substrings, so `x` or `eat` match almost everywhere.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache


def count_words(words: Sequence[str], text: str) -> int:
    """How often any of the words or phrases occurs; longer ones first, so that no match counts twice."""
    return len(_pattern(tuple(words)).findall(text)) if words else 0


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    # An alternation takes its first match: "step by step" has to come before "step".
    longest_first = sorted(words, key=len, reverse=True)
    spelled = (r"\s+".join(map(re.escape, word.split())) for word in longest_first)
    # Lookarounds instead of \b, which fails next to words that begin or end with a sign.
    return re.compile(rf"(?<!\w)(?:{'|'.join(spelled)})(?!\w)", re.IGNORECASE)


def split_words(text: str) -> list[str]:
    return re.findall(r"\w+(?:['’]\w+)*", text.lower())


def word_adherence(task: Sequence[str], distractor: Sequence[str], text: str) -> float | None:
    """N_task / (N_task + N_distractor); None if neither occurs, which is no evidence."""
    on, off = count_words(task, text), count_words(distractor, text)
    return on / (on + off) if on + off else None


def half_if_unknown(share: float | None) -> float:
    """½ for an unknown share, as a published study counts it."""
    return 0.5 if share is None else share


def distinct_ngrams(items: Sequence[object], n: int) -> float | None:
    """Distinct n-grams over all n-grams (Li et al. 2016); None for a text without n-grams."""
    grams = [tuple(items[i : i + n]) for i in range(len(items) - n + 1)]
    return len(set(grams)) / len(grams) if grams else None
