"""What a judge gets (an answer with its prompt) and returns (a score, or the reason why there is none)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.jobs.job import Steps
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.common.statistics import estimate_mean


@dataclass(frozen=True)
class JudgedItem:
    """An answer and its prompt."""

    prompt: SamplePrompt
    text: str


@dataclass(frozen=True)
class Judgement:
    """`value` is None if there is no score; `why` is the judge's reason, or why the score is missing.
    `parts` are the partial scores of a judge that has several.
    """

    value: float | None
    why: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> list[Any]:
        return [self.value, self.why]


class Judge(Protocol):
    """`low` and `high` are the ends of its scale, if it has any."""

    @property
    def name(self) -> str: ...

    @property
    def about(self) -> str: ...

    @property
    def low(self) -> float | None: ...

    @property
    def high(self) -> float | None: ...

    def judge(self, items: Sequence[JudgedItem]) -> Steps[list[Judgement]]:
        """Part of a job: yields tasks, returns one `Judgement` per item."""
        ...


def tally_judgements(verdicts: Sequence[Judgement], seed: int = 0) -> Mapping[str, Any]:
    """The mean of the scores with interval and n, and how many are missing for which reasons."""
    gaps = Counter(verdict.why for verdict in verdicts if verdict.value is None)
    found = estimate_mean([verdict.value for verdict in verdicts], seed)
    return found.to_json() | {"missing": gaps.total(), "reasons": dict(gaps)}


def missing_reasons(found: Mapping[str, Any]) -> str:
    """The reasons for missing scores, as one table cell."""
    return "; ".join(f"{count} × {reason}" for reason, count in found["reasons"].items())


def part_columns(verdicts: Sequence[Judgement], seed: int = 0) -> dict[str, Any]:
    """Columns with the mean of every partial score."""
    columns: dict[str, Any] = {}
    for name in dict.fromkeys(name for verdict in verdicts for name in verdict.parts):
        columns |= estimate_mean([verdict.parts.get(name) for verdict in verdicts], seed).columns(name)
    return columns


def cache_digest(*parts: str) -> str:
    """Cache key of everything a judgement depends on."""
    # NUL separates the parts: "ab", "c" and "a", "bc" must differ.
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
