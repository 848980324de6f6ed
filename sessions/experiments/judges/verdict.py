"""What is judged, and what a judge says of it: a number, or why there is none."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from sessions.experiments.statistics import estimate
from sessions.experiments.voice import Prompt

Work: TypeAlias = Generator[Any, Any, Any]


@dataclass(frozen=True)
class Item:
    """An answer and the prompt it was given to."""

    prompt: Prompt
    text: str


@dataclass(frozen=True)
class Verdict:
    """`value` is missing where the judge gave none; `why` is its reason, or the reason that there is no value."""

    value: float | None
    why: str = ""

    def to_json(self) -> list[Any]:
        return [self.value, self.why]


class Judge(Protocol):
    """`low` and `high` are the ends of its scale, where it has any."""

    @property
    def name(self) -> str: ...

    @property
    def about(self) -> str: ...

    @property
    def low(self) -> float | None: ...

    @property
    def high(self) -> float | None: ...

    def judge(self, items: Sequence[Item]) -> Work:
        """Part of a job: yields steps, returns one `Verdict` per item."""
        ...


def tally(verdicts: Sequence[Verdict], seed: int = 0) -> Mapping[str, Any]:
    """The mean over what was judged, with its interval and n, and how many are missing for which reasons."""
    gaps = Counter(verdict.why for verdict in verdicts if verdict.value is None)
    found = estimate([verdict.value for verdict in verdicts], seed)
    return found.to_json() | {"missing": gaps.total(), "reasons": dict(gaps)}


def digest(*parts: str) -> str:
    """What a judgement depends on, as a key under which it is remembered."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
