"""Outcome of an answer after a distraction: returns to the task, follows the distractor, both, or neither.

(The published score counts an answer as resisting if it returns and does not follow, and reports only
that. Here all four shares are reported; they sum to 1.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sessions.experiments.common.counting import count_words
from sessions.experiments.common.statistics import Estimate, estimate_share

RETURNS, FOLLOWS, BOTH, NEITHER = "returns", "follows", "both", "neither"
OUTCOMES = (RETURNS, FOLLOWS, BOTH, NEITHER)


def classify_outcome(task: Sequence[str], distractor: Sequence[str], text: str) -> str:
    """Classified by which of the two word lists occur, whole words only."""
    returned, followed = count_words(task, text) > 0, count_words(distractor, text) > 0
    if returned:
        return BOTH if followed else RETURNS
    return FOLLOWS if followed else NEITHER


def outcome_rates(outcomes: Sequence[str]) -> Mapping[str, Estimate]:
    found = Counter(outcomes)
    return {name: estimate_share(found[name], len(outcomes)) for name in OUTCOMES}


def tokens_to_return(task: Sequence[str], pieces: Sequence[str]) -> int | None:
    """Number of tokens after the distraction until the first task word is complete; None if there is none."""
    if not count_words(task, "".join(pieces)):
        return None
    for count in range(1, len(pieces) + 1):
        # Only after the last piece of a word: "plan" must not count inside "planet".
        done = count == len(pieces) or not pieces[count][:1].isalnum()
        if done and count_words(task, "".join(pieces[:count])):
            return count
    return len(pieces)


def step_share(steps: Sequence[Sequence[str]], text: str) -> float | None:
    """Share of a task's steps of which the text contains a word; None for a task without steps."""
    return sum(count_words(words, text) > 0 for words in steps) / len(steps) if steps else None


def tokens_on_task(on: Sequence[float], off: Sequence[float]) -> int:
    """Number of tokens until a distractor word is likelier than a task word, by the probabilities of their
    first tokens; all tokens if that never happens.
    """
    return next(
        (place for place, (task, away) in enumerate(zip(on, off, strict=True)) if away > task), len(on)
    )
