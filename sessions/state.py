"""What a session looks like at one moment: model, desk, vectors, the tree of turns, jobs.

Nothing here is ever set: a state is what the events so far add up to (`sessions.fold`), and it is immutable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sessions.event import Json
from sessions.events import Model, Vector

ROOT = -1
"""Named as the parent of a turn that begins another tree, where there are turns already."""
REPORTS = 64
"""A job may report for days; what a state holds of it stays as large as this."""


@dataclass(frozen=True)
class Candidate:
    """What might have been said instead; `other` is its probability in the lane beside, if there is a forced one."""

    id: int
    text: str
    p: float
    other: float | None = None


@dataclass(frozen=True)
class Token:
    """One token of an answer; the meters are empty until the pass after it has measured them. `top` are the likeliest
    tokens in its place, `top0` those of the unsteered lane, if they were asked for."""

    id: int
    text: str
    lp: float | None = None
    mix: str = ""
    proj: Mapping[str, float] = field(default_factory=dict)
    after: Mapping[str, float] = field(default_factory=dict)
    hits: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    top: tuple[Candidate, ...] = ()
    top0: tuple[Candidate, ...] = ()
    by: str = ""


@dataclass(frozen=True)
class Marker:
    """Something that happened before token `at` of an answer. `kind` is the event's `t`; `how` a distractor came."""

    at: int
    kind: str
    words: str
    how: str = ""


@dataclass(frozen=True)
class Turn:
    """A message. An answer (role assistant) carries tokens, in lane 0 and beside it, and markers."""

    id: int
    parent: int | None
    role: str
    said: str = ""
    gen: int | None = None
    tokens: tuple[Token, ...] = ()
    lanes: Mapping[int, tuple[Token, ...]] = field(default_factory=dict)
    markers: tuple[Marker, ...] = ()
    settings: Mapping[str, Json] = field(default_factory=dict)
    stop: str | None = None

    @property
    def text(self) -> str:
        """What was said, without what others put in between."""
        return self.said + "".join(token.text for token in self.tokens)


@dataclass(frozen=True)
class Desk:
    """The mixer as last asked for: its JSON, its revision and the short hash tokens are stamped with."""

    state: Mapping[str, Json] = field(default_factory=dict)
    rev: int = 0
    mix: str = ""


@dataclass(frozen=True)
class Running:
    """The answer being generated."""

    gen: int
    turn: int
    paused: bool = False


@dataclass(frozen=True)
class Task:
    """A job with the newest `REPORTS` of the `told` things it has reported; the journal has them all."""

    id: int
    kind: str
    state: str
    params: Mapping[str, Json] = field(default_factory=dict)
    reports: tuple[Mapping[str, Json], ...] = ()
    told: int = 0
    message: str = ""


@dataclass(frozen=True)
class State:
    """`lost` events are missing from the file; `unrecorded` says why nothing reaches it now."""

    session: str = ""
    seq: int = -1
    model: Model | None = None
    desk: Desk = Desk()
    vectors: Mapping[str, Vector] = field(default_factory=dict)
    turns: Mapping[int, Turn] = field(default_factory=dict)
    head: int | None = None
    running: Running | None = None
    jobs: Mapping[int, Task] = field(default_factory=dict)
    clients: Mapping[int, str] = field(default_factory=dict)
    lost: int = 0
    unrecorded: str = ""
    error: str = ""
    closed: str | None = None

    @property
    def word(self) -> str:
        """One of the engine's state words: loading, paused, generating, job, idle."""
        if self.model and self.model.state == "loading":
            return "loading"
        if self.running:
            return "paused" if self.running.paused else "generating"
        return "job" if any(job.state in ("running", "queued") for job in self.jobs.values()) else "idle"

    def path(self, turn: int | None = None) -> tuple[Turn, ...]:
        """The conversation from its root to `turn` (default: the head)."""
        at = self.head if turn is None else turn
        steps: list[Turn] = []
        while at is not None and at in self.turns:
            steps.append(self.turns[at])
            at = steps[-1].parent
        return tuple(reversed(steps))
