"""A contrast set written by Claude: domain by domain in rounds, until every domain has its share or nothing new comes.

Each round is a step with a key, and every answer is kept by its question: a run that was stopped, ran out of money or
out of time asks for nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import NetworkError
from core.jobs.job import Artifact, Job, Progress, Row, Sample, side
from vectors.claude.question import Question
from vectors.contrasts.duplicates import Unlike
from vectors.contrasts.store import stored
from vectors.contrasts.writing.brief import Brief
from vectors.contrasts.writing.forms import Row as Parts
from vectors.contrasts.writing.questions import AT_A_TIME, bound, question
from vectors.files.opening import open_source
from vectors.texts.pair import Pair, last_words

if TYPE_CHECKING:
    from vectors.claude.asking import Claude

ROUNDS_PER_NEED = 3
"""Rounds after which a set stays as it is, as a multiple of those it needs if every pair is good."""


@dataclass
class Draft:
    """What was written so far, and why the rest was not taken."""

    brief: Brief
    pairs: dict[str, list[Pair]] = field(default_factory=dict)
    openings: dict[str, list[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    _unlike: Unlike = field(default_factory=Unlike)

    @property
    def count(self) -> int:
        return sum(map(len, self.pairs.values()))

    @property
    def missing(self) -> dict[str, int]:
        left = {d: quota - len(self.pairs.get(d, ())) for d, quota in self.brief.quotas.items()}
        return {domain: number for domain, number in left.items() if number}

    @property
    def in_turn(self) -> list[Pair]:
        """One of each domain after the other, so that any part of the file is balanced too."""
        longest = max(map(len, self.pairs.values()), default=0)
        rows = [self.pairs[domain][n : n + 1] for n in range(longest) for domain in self.pairs]
        return [pair for row in rows for pair in row]

    def take(self, domain: str, row: Parts) -> Pair | None:
        why = self.brief.form.fault(row)
        if why is None and len(self.pairs.get(domain, ())) >= self.brief.quotas[domain]:
            why = "more than asked"
        if why is None and not self._unlike.takes(" ".join(row[part] for part in self.brief.form.parts)):
            why = "duplicate"
        if why is not None:
            self.left_out[why] += 1
            return None
        pair = self.brief.form.pair(row, domain)
        self.pairs.setdefault(domain, []).append(pair)
        self.openings.setdefault(domain, []).append(row[self.brief.form.shared])
        return pair


def writing(claude: Claude, brief: Brief, out: Path, model: str) -> Job:
    yield Row("cost", "at most", asdict(bound(brief, model)))
    draft, most = Draft(brief), ROUNDS_PER_NEED * -(-max(brief.quotas.values()) // AT_A_TIME)
    for turn in range(1, most + 1):
        if not (missing := draft.missing):
            break
        asked = {d: _question(draft, d, number, turn, model) for d, number in missing.items()}
        key = f"{turn} {' '.join(one.key()[:16] for one in asked.values())}"
        replies = yield side(partial(_replies, claude, list(asked.values())), key)
        for domain, reply in zip(asked, replies, strict=True):
            yield from _taken(draft, domain, reply)
            yield Progress(draft.count, brief.pairs, "pairs written")
    if not draft.count:
        raise NetworkError(f"Claude gave no usable pair for {brief.name}: {_told(draft.left_out)}")
    stored(draft.in_turn, out)
    yield Artifact(str(out), open_source(out).sha256, "contrast set")
    return _summary(draft, out, claude)


def _question(draft: Draft, domain: str, missing: int, turn: int, model: str) -> Question:
    there = draft.openings.get(domain, ())
    return question(draft.brief, domain, min(AT_A_TIME, missing), there, turn, model)


def _replies(claude: Claude, questions: Sequence[Question]) -> list[list[Parts] | str]:
    """Rows of every reply, or why there are none."""
    replies = claude.ask_each(questions)
    return [reply["pairs"] if isinstance(reply, Mapping) else str(reply) for reply in replies]


def _taken(draft: Draft, domain: str, reply: list[Parts] | str) -> Any:
    if isinstance(reply, str):
        draft.left_out["unusable reply"] += 1
        return
    for row in reply:
        if (pair := draft.take(domain, row)) is not None:
            shared = row[draft.brief.form.shared]
            for pole, text in zip(draft.brief.poles, (pair.positive, pair.negative), strict=True):
                yield Sample(pole, shared, last_words(text))


def _summary(draft: Draft, out: Path, claude: Claude) -> dict[str, Any]:
    return {
        "name": draft.brief.name,
        "out": str(out),
        "pairs": draft.count,
        "domains": {domain: len(pairs) for domain, pairs in draft.pairs.items()},
        "missing": sum(draft.missing.values()),
        "left_out": dict(draft.left_out),
        "cost": asdict(claude.used),
    }


def _told(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {why}" for why, number in left_out.items()) or "it wrote none"
