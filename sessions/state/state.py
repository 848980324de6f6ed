"""The state of a session at one moment: model, mixer, vectors, tree of turns, jobs.

A state is immutable and computed from the events so far (`sessions.state.fold`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sessions.journal.event import Json
from sessions.journal.events import JOB_ENDED, ModelChanged, VectorChanged
from sessions.state.mixer_words import Change

ROOT = -1
"""The parent of a turn that starts a new tree although there are turns already."""
REPORTS = 64
"""How many reports of a job a state keeps, so that its size stays bounded."""


@dataclass(frozen=True)
class TokenAlternative:
    """An alternative token; `other` is its probability in the other lane, if there is a forced lane."""

    id: int
    text: str
    p: float
    other: float | None = None


@dataclass(frozen=True)
class AnswerToken:
    """One token of an answer; measurements are empty until the next forward pass. `top` are the most likely
    tokens at its position, `top0` those of the unsteered lane, if requested. `region` is thinking or tool, empty in the
    answer.
    """

    id: int
    text: str
    lp: float | None = None
    mix: str = ""
    proj: Mapping[str, float] = field(default_factory=dict)
    after: Mapping[str, float] = field(default_factory=dict)
    hits: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    top: tuple[TokenAlternative, ...] = ()
    top0: tuple[TokenAlternative, ...] = ()
    by: str = ""
    region: str = ""


@dataclass(frozen=True)
class Marker:
    """A change before token `at` of an answer. `kind` is the event's `t`; `how` says how a distractor was
    inserted, `source` who inserted it where no person did, `changes` what a change of the mixer changed, `expression`
    the whole mixer from here on as one line.
    """

    at: int
    kind: str
    words: str
    how: str = ""
    changes: tuple[Change, ...] = ()
    expression: str = ""
    source: str = ""


@dataclass(frozen=True)
class Turn:
    """A message. An answer (role assistant) has tokens, per lane, and markers."""

    id: int
    parent: int | None
    role: str
    given_text: str = ""
    gen: int | None = None
    tokens: tuple[AnswerToken, ...] = ()
    lanes: Mapping[int, tuple[AnswerToken, ...]] = field(default_factory=dict)
    markers: tuple[Marker, ...] = ()
    settings: Mapping[str, Json] = field(default_factory=dict)
    stop: str | None = None

    @property
    def text(self) -> str:
        """The text of the message without injected turns."""
        return self.given_text + "".join(token.text for token in self.tokens)


@dataclass(frozen=True)
class MixerState:
    """The current mixer: its JSON, its revision, the short hash stamped on tokens, and its line."""

    state: Mapping[str, Json] = field(default_factory=dict)
    rev: int = 0
    mix: str = ""
    expression: str = ""


@dataclass(frozen=True)
class RunningAnswer:
    """The answer that is being generated."""

    gen: int
    turn: int
    paused: bool = False


@dataclass(frozen=True)
class JobState:
    """A job with its newest `REPORTS` reports, `report_count` being the number of all; the journal has all of
    them.
    """

    id: int
    kind: str
    state: str
    params: Mapping[str, Json] = field(default_factory=dict)
    reports: tuple[Mapping[str, Json], ...] = ()
    report_count: int = 0
    message: str = ""

    @property
    def ended(self) -> bool:
        return self.state in JOB_ENDED


@dataclass(frozen=True)
class SessionState:
    """`lost`: number of events missing from the file; `unrecorded`: why events are not being written now."""

    session: str = ""
    seq: int = -1
    model: ModelChanged | None = None
    mixer: MixerState = MixerState()
    vectors: Mapping[str, VectorChanged] = field(default_factory=dict)
    turns: Mapping[int, Turn] = field(default_factory=dict)
    head: int | None = None
    running: RunningAnswer | None = None
    jobs: Mapping[int, JobState] = field(default_factory=dict)
    clients: Mapping[int, str] = field(default_factory=dict)
    lost: int = 0
    unrecorded: str = ""
    error: str = ""
    closed: str | None = None

    @property
    def word(self) -> str:
        """The state word of the engine: loading, paused, generating, job or idle."""
        if self.model and self.model.state == "loading":
            return "loading"
        if self.running:
            return "paused" if self.running.paused else "generating"
        return "job" if any(job.state in ("running", "queued") for job in self.jobs.values()) else "idle"

    def path(self, turn: int | None = None) -> tuple[Turn, ...]:
        """The conversation from its root to `turn` (default: the head)."""
        at = self.head if turn is None else turn
        steps: list[Turn] = []
        # ROOT is not a turn, and the journal line of a parent may have been unreadable.
        while at is not None and at in self.turns:
            steps.append(self.turns[at])
            at = steps[-1].parent
        return tuple(reversed(steps))
