"""Judges that count words and signs: two word lists, question marks, flags of broken text. They need no
model.

Only whole words count (`sessions.experiments.common.counting`). Question marks become fewer when a model
breaks down and more when it rambles, so the count is reported with the flags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.jobs.job import Steps
from sessions.experiments.common.counting import distinct_ngrams, split_words, word_adherence
from sessions.experiments.judges.verdict import JudgedItem, Judgement
from vectors.statistics.metrics import repeated_ngram_share

NEITHER = "none of the words occurs"
REPEATS, SYMBOLS, LONGEST_LOOP = 0.25, 0.5, 6
FEWEST = 8  # words; repetition is not measured in shorter texts
_AGAIN = f"{{{LONGEST_LOOP - 1},}}"
_LOOP = re.compile(rf"\b(\w+)(?:\W+\1\b){_AGAIN}|([^\w\s])(?:\s*\2){_AGAIN}")
PAIRS, LONG = 0.75, 20  # least share of different word pairs in a text of so many words or more


@dataclass(frozen=True)
class WordJudge:
    """Share of the positive words among the words of both lists; no score if none occurs."""

    positive: tuple[str, ...]
    negative: tuple[str, ...]

    low, high = 0.0, 1.0
    name = "words"

    @property
    def about(self) -> str:
        return f"share of {', '.join(self.positive)} among these and {', '.join(self.negative)}"

    def judge(self, items: Sequence[JudgedItem]) -> Steps[list[Judgement]]:
        # Makes this a generator, as a job part has to be, without any task.
        yield from ()
        return [self._judge_text(item.text) for item in items]

    def _judge_text(self, text: str) -> Judgement:
        share = word_adherence(self.positive, self.negative, text)
        return Judgement(share, "" if share is not None else NEITHER)


@dataclass(frozen=True)
class QuestionJudge:
    low, high = 0.0, None
    name = "questions"
    about = "question marks per sentence"

    def judge(self, items: Sequence[JudgedItem]) -> Steps[list[Judgement]]:
        yield from ()
        return [self._judge_text(item.text) for item in items]

    def _judge_text(self, text: str) -> Judgement:
        # "?!" ends one sentence, not two.
        ends = re.findall(r"[.!?]+", text)
        if not ends:
            return Judgement(None, "no sentence was finished")
        return Judgement(sum("?" in end for end in ends) / len(ends))


def text_flags(text: str) -> tuple[str, ...]:
    """Flags of visibly broken text. Being off topic is not among them; perplexity measures that."""
    return tuple(name for name, holds in FLAGS.items() if holds(text))


def _empty(text: str) -> bool:
    return not text.strip()


def _repeats(text: str) -> bool:
    words = split_words(text)
    return len(words) >= FEWEST and repeated_ngram_share(words) > REPEATS


def _monotone(text: str) -> bool:
    """Repetition without repeated 4-grams: few distinct word pairs."""
    words = split_words(text)
    # Texts that repeat 4-grams have a flag already.
    return len(words) >= LONG and not _repeats(text) and (distinct_ngrams(words, 2) or 0.0) < PAIRS


def _loops(text: str) -> bool:
    """One word (whatever stands between) or one sign many times in a row."""
    return _LOOP.search(text.lower()) is not None


def _symbols(text: str) -> bool:
    letters = [char for char in text if not char.isspace()]
    return bool(letters) and sum(not char.isalnum() for char in letters) / len(letters) > SYMBOLS


FLAGS: dict[str, Callable[[str], bool]] = {
    "empty": _empty,
    "repeats": _repeats,
    "monotone": _monotone,
    "loops": _loops,
    "symbols": _symbols,
}
