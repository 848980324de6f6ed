"""Events about one answer: its start, its tokens and their measurements, changes made while it was generated,
and its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sessions.journal.event import Event, Json


@dataclass(frozen=True, kw_only=True)
class AnswerStarted(Event, t="gen"):
    """Answer `gen` starts as turn `turn`. `reused` prompt tokens were in the cache already; a very long
    prompt is stored only as its hash.
    """

    gen: int
    turn: int
    parent: int | None = None
    prompt_tokens: int = 0
    prompt_ids: tuple[int, ...] = ()
    prompt_sha: str = ""
    reused: int = 0
    settings: Mapping[str, Json] = field(default_factory=dict)
    mix: str = ""


@dataclass(frozen=True, kw_only=True)
class TokensGenerated(Event, t="tok"):
    """Tokens `i`, `i`+1, … of one answer, all generated under mixer `mix`; one event covers at most 50 ms.
    `by` is "compiled" or empty for eager decoding, the only mode whose log-probabilities repeat bit for
    bit. All tokens of an event stand in one `region`: thinking, tool, or empty for the answer.
    """

    gen: int
    i: int
    ids: tuple[int, ...]
    text: tuple[str, ...]
    lp: tuple[float, ...] = ()
    mix: str = ""
    lane: int = 0
    by: str = ""
    region: str = ""


@dataclass(frozen=True, kw_only=True)
class TopTokens(Event, t="top"):
    """The most likely alternatives to tokens `i`, `i`+1, …: per token a row of ids, texts and probabilities.
    `other` is the probability of the same ids in the other lane (the forced lane for lane 0, and the
    reverse).
    """

    gen: int
    i: int
    ids: tuple[tuple[int, ...], ...]
    text: tuple[tuple[str, ...], ...]
    p: tuple[tuple[float, ...], ...]
    other: tuple[tuple[float, ...], ...] = ()
    lane: int = 0


@dataclass(frozen=True, kw_only=True)
class MeterReadings(Event, t="meter"):
    """Measurements of tokens `i`, `i`+1, …, taken one forward pass later. Per channel: projections before and
    after steering, and whether a cap was active. `values`: entropy (nats) and delta (‖Δ‖/‖h‖); with a
    forced lane also kl, lp0, rank and entropy0, the unsteered entropy, and in a model of experts the share of
    experts that it did not choose. Only lane 0 is measured, so `lane` is always 0.
    """

    gen: int
    i: int
    proj: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    after: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    hits: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    values: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    lane: int = 0


@dataclass(frozen=True, kw_only=True)
class TextInjected(Event, t="inject"):
    """A distractor inserted before token `at`. `how` is user, own (as the model's words) or tool. This program
    leaves `source` empty, except where a thought was closed at its budget; a client that inserts texts of its own
    may say there where they come from.
    """

    text: str
    how: str = "user"
    gen: int | None = None
    at: int = 0
    ids: tuple[int, ...] = ()
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class AnswerStopped(Event, t="stop"):
    """An answer ends; `reason` is eos, length, stop, cancel, error or oom. `spoke_ms` is the time from the
    first to the last token, `code` the exit code of an error.
    """

    gen: int
    reason: str
    tokens: int
    wall_ms: int = 0
    spoke_ms: int = 0
    message: str = ""
    code: int = 0


@dataclass(frozen=True, kw_only=True)
class LaneAnswered(Event, t="answer"):
    """A whole answer of a batch, written when it has ended: number `number` of its job, to `prompt` (a text or
    messages, with the other fields of its line in `about`) at `dose` times every scale. The messages are the
    turns before `turn`. `pieces`, `lp` and `entropy` are per token; `lanes` is the number of answers at once
    (0: not generated now, but by an earlier run of the job, or refused). `expression` is `mixer` as one line.
    Neither the conversation nor the session's mixer changes.
    """

    gen: int
    turn: int
    number: int
    prompt: Json
    dose: float
    text: str
    token_ids: tuple[int, ...]
    stop: str
    flags: Mapping[str, Json] = field(default_factory=dict)
    about: Mapping[str, Json] = field(default_factory=dict)
    pieces: tuple[str, ...] = ()
    lp: tuple[float, ...] = ()
    entropy: tuple[float, ...] = ()
    settings: Mapping[str, Json] = field(default_factory=dict)
    mixer: Mapping[str, Json] = field(default_factory=dict)
    mix: str = ""
    expression: str = ""
    prompt_ids: tuple[int, ...] = ()
    prompt_sha: str = ""
    lanes: int = 0
    spoke_ms: int = 0
    message: str = ""
    code: int = 0


@dataclass(frozen=True, kw_only=True)
class AnswerRewound(Event, t="rewind"):
    """Answer `gen` is cut back to its first `to` tokens."""

    gen: int
    to: int
    dropped: int


@dataclass(frozen=True, kw_only=True)
class CacheRebuilt(Event, t="rebuild"):
    """The KV cache is recomputed as if mixer `mix` had been active from the start. The event comes before the
    passes that do it, so `wall_ms` is always 0.
    """

    gen: int
    at: int
    mix: str
    tokens: int
    wall_ms: int = 0


@dataclass(frozen=True, kw_only=True)
class CacheCropped(Event, t="crop"):
    """The prompt did not extend the cached tokens: the first `kept` were reused and `dropped` were removed
    from the cache.
    """

    gen: int
    kept: int
    dropped: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class LanesAssigned(Event, t="lane"):
    """The lanes (batch rows) of an answer. The batch shape decides whether a replay can match bit for bit."""

    gen: int
    lanes: tuple[Mapping[str, Json], ...]


@dataclass(frozen=True, kw_only=True)
class PauseChanged(Event, t="pause"):
    gen: int
    at: int
    paused: bool


@dataclass(frozen=True, kw_only=True)
class PrefillChunk(Event, t="chunk"):
    """The start and end of one prefill chunk and the time it took. The last chunk of a prompt has no event: it
    ends with a token.
    """

    gen: int
    start: int
    end: int
    wall_ms: int = 0
