"""Pairs that repeat another: equal but for case and marks, or sharing most of their word 3-grams.

A repeated pair counts twice in the vector and may stand on both sides of the hold-out, where it makes the
figures better than they are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from vectors.contrasts.lint.finding import LintFinding, list_few
from vectors.contrasts.lint.side_words import WORD, known_names, masked_words, pair_texts
from vectors.texts.pair import ContrastPair

SHARED, GRAM = 0.5, 3
Grams = frozenset[tuple[str, ...]]


def find_repetition(pairs: Sequence[ContrastPair]) -> list[LintFinding]:
    texts = [pair_texts(pair) for pair in pairs]
    names = known_names(text for of_pair in texts for text in of_pair)
    grams = [frozenset(gram for text in of_pair for gram in word_grams(text, names)) for of_pair in texts]
    equal = list(_equal_pairs(pairs))
    twice = {pair for found in equal for pair in found}
    near = [found for found in similar_pairs(grams) if not twice.issuperset(found)]
    return [
        _repeated(kind, what, found)
        for kind, what, found in (
            ("duplicates", "say the same as another pair", equal),
            ("near-duplicates", "share more than half of their word 3-grams with another pair", near),
        )
        if found
    ]


def word_grams(text: str, names: frozenset[str]) -> list[tuple[str, ...]]:
    """The word 3-grams of a text with names and numbers masked; a shorter text is one gram."""
    words = masked_words(text, names)
    if len(words) < GRAM:
        return [words] if words else []
    return [words[start : start + GRAM] for start in range(len(words) - GRAM + 1)]


def similar_pairs(grams: Sequence[Grams]) -> Iterator[tuple[int, int]]:
    """Indices of two sets that share more than half of the smaller one's grams."""
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, found in enumerate(grams):
        for gram in found:
            holders[gram].append(index)
    for index, found in enumerate(grams):
        # More than half shared leaves no half unshared: one of the rarest half is in the other set, too.
        rare = sorted(found, key=lambda gram: len(holders[gram]))[: len(found) - len(found) // 2]
        near = {other for gram in rare for other in holders[gram]} - {index}
        for other in sorted(near):
            # Each couple once: from its smaller set, or from the first of two equal ones.
            if (len(found), index) < (len(grams[other]), other) and len(found & grams[other]) > SHARED * len(
                found
            ):
                yield min(index, other), max(index, other)


def _equal_pairs(pairs: Sequence[ContrastPair]) -> Iterator[tuple[int, int]]:
    first: dict[tuple[tuple[str, ...], ...], int] = {}
    for index, pair in enumerate(pairs):
        key = tuple(tuple(WORD.findall(text.lower())) for text in _all_texts(pair))
        if any(key) and key in first:
            yield first[key], index
        first.setdefault(key, index)


def _all_texts(pair: ContrastPair) -> Iterator[str]:
    """Both sides whole, system prompts included."""
    for side in (pair.positive, pair.negative):
        yield side if isinstance(side, str) else " / ".join(map(_message_text, side))


def _message_text(message: object) -> str:
    return str(message["content"]) if isinstance(message, dict) else str(message)


def _repeated(kind: str, what: str, found: Sequence[tuple[int, int]]) -> LintFinding:
    numbers = Counter(number + 1 for couple in found for number in couple)
    couples = list_few([f"{one + 1} and {other + 1}" for one, other in found])
    return LintFinding(
        kind, f"{len(numbers)} pairs {what}: {couples}", tuple(sorted(numbers)), {"couples": len(found)}
    )
