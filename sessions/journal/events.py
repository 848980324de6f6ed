"""All event kinds: the journal stores them, the socket sends them, and the session state is computed from
them.

One frozen dataclass per kind. Unknown kinds and fields are kept (`UnknownEvent`, `extra`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sessions.journal.answer_events import AnswerRewound as AnswerRewound
from sessions.journal.answer_events import AnswerStarted as AnswerStarted
from sessions.journal.answer_events import AnswerStopped as AnswerStopped
from sessions.journal.answer_events import CacheCropped as CacheCropped
from sessions.journal.answer_events import CacheRebuilt as CacheRebuilt
from sessions.journal.answer_events import LaneAnswered as LaneAnswered
from sessions.journal.answer_events import LanesAssigned as LanesAssigned
from sessions.journal.answer_events import MeterReadings as MeterReadings
from sessions.journal.answer_events import PauseChanged as PauseChanged
from sessions.journal.answer_events import PrefillChunk as PrefillChunk
from sessions.journal.answer_events import TextInjected as TextInjected
from sessions.journal.answer_events import TokensGenerated as TokensGenerated
from sessions.journal.answer_events import TopTokens as TopTokens
from sessions.journal.event import KINDS as KINDS
from sessions.journal.event import SCHEMA as SCHEMA
from sessions.journal.event import Event as Event
from sessions.journal.event import Json as Json
from sessions.journal.event import UnknownEvent as UnknownEvent


@dataclass(frozen=True, kw_only=True)
class SessionOpened(Event, t="open"):
    """Starts a journal; written again each time an engine reopens the session. `parent`: the session it was
    branched from.
    """

    schema: int = SCHEMA
    session: str
    app: str
    wall: str
    host: str = ""
    argv: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    numerics: Mapping[str, Json] = field(default_factory=dict)
    parent: Mapping[str, Json] | None = None


@dataclass(frozen=True, kw_only=True)
class ModelChanged(Event, t="model"):
    """`state` is loading, ready, failed or unloaded. `facts` (set when ready) are compared by verify."""

    state: str
    name: str
    progress: float | None = None
    note: str = ""
    facts: Mapping[str, Json] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user of the loaded model has to know."""
        found = self.facts.get("warnings")
        return tuple(map(str, found)) if isinstance(found, list) else ()


@dataclass(frozen=True, kw_only=True)
class VectorChanged(Event, t="vector"):
    """A vector that mixers may name from here on; the session folder has a copy named by its `sha256`."""

    name: str
    sha256: str
    source: str = ""
    layers: tuple[int, ...] = ()
    hidden_size: int = 0
    norms: Mapping[str, float] = field(default_factory=dict)
    gaps: Mapping[str, float] = field(default_factory=dict)
    percentiles: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    midpoints: Mapping[str, float] = field(default_factory=dict)
    usual: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    cosines: Mapping[str, float] = field(default_factory=dict)
    suggestion: Mapping[str, Json] | None = None
    removed: bool = False


@dataclass(frozen=True, kw_only=True)
class TurnAdded(Event, t="turn"):
    """A message of the system, the user or a tool. `parent` gives its place in the tree of turns."""

    turn: int
    parent: int | None = None
    role: str = "user"
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class MixerChanged(Event, t="mixer"):
    """The complete mixer, active from token `at` of answer `gen` (without `gen`: from the next answer). If
    two events have the same `gen` and `at`, the later one counts; see `dial`. `expression` is the mixer as one line;
    sessions of earlier versions have none.
    """

    rev: int
    state: Mapping[str, Json]
    mix: str
    gen: int | None = None
    at: int = 0
    words: str = ""
    source: str = ""
    expression: str = ""


@dataclass(frozen=True, kw_only=True)
class MixerSuperseded(Event, t="dial"):
    """Mixer revision `rev` was replaced by revision `by` before any token was generated under it."""

    rev: int
    by: int
    gen: int | None = None
    at: int = 0


JOB_ENDED = ("done", "failed", "cancelled")
"""The last states of a job."""


@dataclass(frozen=True, kw_only=True)
class JobChanged(Event, t="job"):
    """`state`: queued, running, done, failed or cancelled. `event` is one report of the running job.
    `session` is the guest session of a command that runs in this engine and keeps its own record.
    """

    job: int
    kind: str
    state: str
    params: Mapping[str, Json] = field(default_factory=dict)
    event: Mapping[str, Json] = field(default_factory=dict)
    message: str = ""
    session: str = ""

    @property
    def ended(self) -> bool:
        return self.state in JOB_ENDED


@dataclass(frozen=True, kw_only=True)
class NoteAdded(Event, t="note"):
    text: str
    gen: int | None = None
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class MarkAdded(Event, t="mark"):
    label: str
    gen: int | None = None
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class ClientAttached(Event, t="attach"):
    client: int
    role: str
    pid: int = 0


@dataclass(frozen=True, kw_only=True)
class ClientDetached(Event, t="detach"):
    client: int


@dataclass(frozen=True, kw_only=True)
class RecordingGap(Event, t="gap"):
    """`lost` events, `first` to `last`, were sent to clients but could not be written to disk."""

    lost: int
    first: int
    last: int
    reason: str


RECORDING = "recording"
"""The code of an error event that says why recording stopped."""


@dataclass(frozen=True, kw_only=True)
class ErrorReported(Event, t="error"):
    where: str
    message: str
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class SessionClosed(Event, t="close"):
    reason: str


@dataclass(frozen=True, kw_only=True)
class JournalRepaired(Event, t="repair"):
    """On open, `torn_bytes` of an unfinished last line were moved to the file `kept`."""

    torn_bytes: int
    kept: str = ""
    unreadable: int = 0
