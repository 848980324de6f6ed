"""Exact sentence labels, found by matching a sentence against every template of the grammar.

A finished sentence that matches no template is malformed; the share of well-formed sentences detects collapsing text
earlier than perplexity does.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.demo.world import facts, shell
from core.demo.world.speech import smalltalk, stories, talk
from core.demo.world.templates import match_template
from core.demo.world.traits import DETERMINED, DRIFTING
from core.demo.world.voices import PLAIN, split_voice
from core.demo.world.words import BAITS

_ENDS = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Label:
    """Label of one finished sentence; `motivation` is None if the sentence is neutral or malformed."""

    well_formed: bool
    motivation: str | None = None
    voice: str = PLAIN
    question: bool = False
    obj: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class _Row:
    template: str
    motivation: str | None
    question: bool = False


def _rows() -> Iterator[_Row]:
    pools: Sequence[tuple[Sequence[str], Sequence[str], bool]] = (
        (stories.DETERMINED, stories.DRIFTING, False),
        (talk.DETERMINED, talk.DRIFTING, False),
        (talk.DETERMINED_ANSWERS, talk.DRIFTING_ANSWERS, False),
        (talk.DETERMINED_QUESTIONS, talk.DRIFTING_QUESTIONS, True),
        (smalltalk.DETERMINED_GREETINGS, smalltalk.DRIFTING_GREETINGS, False),
        (smalltalk.DETERMINED_SHRUGS, smalltalk.DRIFTING_SHRUGS, False),
        (smalltalk.DETERMINED_QUESTIONS, smalltalk.DRIFTING_QUESTIONS, True),
        (shell.DETERMINED_STARTS, shell.DRIFTING_STARTS, False),
        (shell.DETERMINED_CHOICES, shell.DRIFTING_CHOICES, False),
        (_answers(facts.DETERMINED_TAILS), _answers(facts.DRIFTING_TAILS), False),
    )
    for determined, drifting, question in pools:
        yield from (_Row(template, DETERMINED, question) for template in determined)
        yield from (_Row(template, DRIFTING, question) for template in drifting)
    yield from (_Row(template, None) for template in stories.OPENINGS)


def _answers(tails: Sequence[str]) -> list[str]:
    return [fact.answer + tail for fact in facts.FACTS for tail in tails]


ROWS = tuple(_rows())
_FIXED = {row.template: row for row in ROWS if "{" not in row.template}
_OPEN = tuple(row for row in ROWS if "{" in row.template)


@lru_cache(maxsize=65536)
def label_sentence(sentence: str) -> Label:
    """The label of one finished sentence; a command line is labelled by the file it opens."""
    if sentence.startswith(shell.PROMPT):
        return _label_command(sentence)
    voice, bare = split_voice(sentence)
    if row := _FIXED.get(bare):
        return Label(True, row.motivation, voice, row.question)
    for row in _OPEN:
        if (slots := match_template(row.template, bare)) is not None:
            return Label(True, row.motivation, voice, row.question, slots.get("obj"), slots.get("name"))
    return Label(False, voice=voice)


def split_sentences(text: str) -> list[str]:
    """The finished sentences and command lines of a text, in order."""
    found: list[str] = []
    for line in text.splitlines():
        found += [line.strip()] if line.startswith(shell.PROMPT) else _ENDS.split(line.strip())
    return [piece for piece in found if piece and (piece[-1] in ".!?" or piece.startswith(shell.PROMPT))]


def label_text(text: str) -> list[Label]:
    return [label_sentence(sentence) for sentence in split_sentences(text)]


def _label_command(line: str) -> Label:
    if line == shell.PROMPT + "ls":
        return Label(True)
    file = line.split()[-1]
    if any(file == bait.file for bait in BAITS):
        return Label(True, DRIFTING)
    return Label(file.endswith(".txt"), DETERMINED if file.endswith(".txt") else None)
