"""The part of the vocabulary that tells of one answer: how it begins, its tokens and what was measured of them,
what was done to it meanwhile, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sessions.event import Event, Json


@dataclass(frozen=True, kw_only=True)
class Gen(Event, t="gen"):
    """Answer `gen` begins as turn `turn`, after `reused` ids of the cache; very long prompts leave only their hash."""

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
class Tok(Event, t="tok"):
    """Tokens `i`, `i`+1, … of one answer, all produced under mixer `mix`; at most 50 ms of them. `by`: nothing for
    eager decoding, whose bits repeat, or compiled."""

    gen: int
    i: int
    ids: tuple[int, ...]
    text: tuple[str, ...]
    lp: tuple[float, ...] = ()
    mix: str = ""
    lane: int = 0
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class Top(Event, t="top"):
    """What else might have been said instead of tokens `i`, `i`+1, …: a row each of the likeliest ids, their texts and
    probabilities, and `other`: what the forced lane (for lane 0) or lane 0 (for that one) gave the same ids."""

    gen: int
    i: int
    ids: tuple[tuple[int, ...], ...]
    text: tuple[tuple[str, ...], ...]
    p: tuple[tuple[float, ...], ...]
    other: tuple[tuple[float, ...], ...] = ()
    lane: int = 0


@dataclass(frozen=True, kw_only=True)
class Meter(Event, t="meter"):
    """Measured one pass after the tokens `i`, `i`+1, …: per channel their projections and whether a cap held, in
    `values` their entropy (nats), delta (‖Δ‖/‖h‖), and beside a forced lane kl, lp0 and rank."""

    gen: int
    i: int
    proj: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    after: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    hits: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    values: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    lane: int = 0


@dataclass(frozen=True, kw_only=True)
class Inject(Event, t="inject"):
    """A distractor before token `at`. `how`: user, own (the model's words) or tool."""

    text: str
    how: str = "user"
    gen: int | None = None
    at: int = 0
    ids: tuple[int, ...] = ()
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Stop(Event, t="stop"):
    """An answer ends: eos, length, stop, cancel, error or oom. `spoke_ms` is the time from its first token to its last,
    `code` the exit code of an error."""

    gen: int
    reason: str
    tokens: int
    wall_ms: int = 0
    spoke_ms: int = 0
    message: str = ""
    code: int = 0


@dataclass(frozen=True, kw_only=True)
class Rewind(Event, t="rewind"):
    """Answer `gen` keeps its first `to` tokens."""

    gen: int
    to: int
    dropped: int


@dataclass(frozen=True, kw_only=True)
class Rebuild(Event, t="rebuild"):
    """The cache was recomputed as if the mixer had always been `mix`."""

    gen: int
    at: int
    mix: str
    tokens: int
    wall_ms: int = 0


@dataclass(frozen=True, kw_only=True)
class Crop(Event, t="crop"):
    """The conversation did not extend the ids in the cache: `kept` stayed, `dropped` were encoded again."""

    gen: int
    kept: int
    dropped: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Lane(Event, t="lane"):
    """The batch of an answer, an entry per lane: its shape decides what replays bit for bit."""

    gen: int
    lanes: tuple[Mapping[str, Json], ...]


@dataclass(frozen=True, kw_only=True)
class Pause(Event, t="pause"):
    gen: int
    at: int
    paused: bool


@dataclass(frozen=True, kw_only=True)
class Chunk(Event, t="chunk"):
    """The edges of one prefill chunk."""

    gen: int
    start: int
    end: int
    wall_ms: int = 0
