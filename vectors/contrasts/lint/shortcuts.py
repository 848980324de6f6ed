"""Shortcuts: endings, lengths, first words or single words that tell the two sides apart by themselves.

A vector made from such a set may hold the shortcut and not the trait. Two conditions make a finding: it is not
chance (Holm's correction over everything that was looked at), and it is large: `LARGE` of the pairs are told
apart, half of the way from chance to certainty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from vectors.contrasts.lint.finding import LintFinding, list_few
from vectors.contrasts.lint.side_words import Words
from vectors.statistics.metrics import area_under_roc
from vectors.statistics.side_labels import category_accuracy, exact_sign_test, paired_share
from vectors.statistics.significance import holm_correction

LARGE, CHANCE = 0.75, 0.05
FIRST = (1, 2, 3)
Sides = Sequence[tuple[Words, Words]]


def find_shortcuts(sides: Sides, trait: frozenset[str]) -> list[LintFinding]:
    """The findings for pairs of word lists; words in `trait` are what the set is about and are left out."""
    if not sides:
        return []
    return [
        found for rule in (_endings, _lengths, _first_words) if (found := rule(sides)) is not None
    ] + _single_words(sides, trait)


def _endings(sides: Sides) -> LintFinding | None:
    """The last piece of a side, which is also the last token or its end."""
    ends = [tuple(words[-1:] for words in pair) for pair in sides]
    found = _tell_by_category("endings", ends, 1)
    if found is None:
        return None
    return _worded("endings", f"the sides end in different tokens ({_side_counts(ends)})", found)


def _first_words(sides: Sides) -> LintFinding | None:
    every = {
        count: _tell_by_category(
            "first-words", [tuple(words[:count] for words in pair) for pair in sides], len(FIRST)
        )
        for count in FIRST
    }
    told = {count: found for count, found in every.items() if found is not None}
    if not told:
        return None
    best = max(told, key=lambda count: told[count]["share"])
    starts = [tuple(words[:best] for words in pair) for pair in sides]
    what = "first word tells" if best == 1 else f"first {best} words tell"
    return _worded("first-words", f"the {what} the sides apart ({_side_counts(starts)})", told[best])


def _tell_by_category(kind: str, pairs: Sequence[tuple[Words, ...]], tried: int) -> dict[str, float] | None:
    share, p = category_accuracy([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    # Bonferroni over the lengths that were tried.
    p = min(1.0, tried * p)
    return {"share": share, "p": p} if share >= LARGE and p < CHANCE else None


def _lengths(sides: Sides) -> LintFinding | None:
    """Words and marks of a side: within the pairs, and over all texts, whichever tells more."""
    ours, theirs = ([len(pair[side]) for pair in sides] for side in (0, 1))
    more = sum(one > other for one, other in zip(ours, theirs, strict=True))
    less = sum(one < other for one, other in zip(ours, theirs, strict=True))
    share, p = paired_share(more, less, len(sides)), exact_sign_test(more, less)
    auroc = area_under_roc(ours, theirs)
    if max(_strength(share), _strength(auroc)) < LARGE or p >= CHANCE:
        return None
    means = [sum(lengths) / len(sides) for lengths in (ours, theirs)]
    told = f"+ is longer in {more} of {len(sides)} pairs, shorter in {less}; {means[0]:.1f} and {means[1]:.1f} words"
    return _worded(
        "length", f"length tells the sides apart ({told})", {"share": share, "auroc": auroc, "p": p}
    )


def _single_words(sides: Sides, trait: frozenset[str]) -> list[LintFinding]:
    """Words (and marks) that one side has and the other has not, tested in all pairs."""
    more, less = Counter[str](), Counter[str]()
    for ours, theirs in sides:
        more.update(set(ours) - set(theirs))
        less.update(set(theirs) - set(ours))
    tested = {word: exact_sign_test(more[word], less[word]) for word in {*more, *less} - trait}
    corrected = holm_correction(tested)
    found = []
    for word in sorted(tested, key=lambda word: (tested[word], word)):
        auroc = paired_share(more[word], less[word], len(sides))
        if _strength(auroc) >= LARGE and corrected[word] < CHANCE:
            told = f"“{word}” alone tells the sides apart (only in + in {more[word]}, only in − in {less[word]} pairs)"
            found.append(_worded("word", told, {"auroc": auroc, "p": corrected[word]}))
    return found


def _strength(share: float) -> float:
    """A share below one half tells as much as one above it."""
    return max(share, 1 - share)


def _side_counts(pairs: Sequence[tuple[Words, ...]]) -> str:
    """The most unequal categories with how many texts of either side have them."""
    ours, theirs = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    apart = sorted({*ours, *theirs}, key=lambda key: (-abs(ours[key] - theirs[key]), key))
    return list_few([f"“{' '.join(key)}” {ours[key]} of + and {theirs[key]} of −" for key in apart[:3]])


def _worded(kind: str, message: str, figures: Mapping[str, float]) -> LintFinding:
    return LintFinding(kind, message, figures=figures)
