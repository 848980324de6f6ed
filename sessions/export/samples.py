"""A session as an evaluation has it: every conversation a sample, every answer a call of the model, with its changes.

Plain data, so that what is said does not depend on who writes it down (`sessions.export.inspectlog`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sessions import events as ev
from sessions.export.chat import leaves
from sessions.lines import Record
from sessions.spoken import Message, messages
from sessions.state import State, Token, Turn

EPOCH = datetime.fromtimestamp(0, UTC)
ENDS = {"eos": "stop", "stop": "stop", "length": "max_tokens"}
"""How an answer ended, in the words of a model's output; every other end is unknown to it."""


@dataclass(frozen=True)
class Call:
    """One answer: what the model had been told, what it said, and when."""

    turn: Turn
    told: tuple[Message, ...]
    began: datetime
    seconds: float

    @property
    def end(self) -> str:
        return ENDS.get(self.turn.stop or "", "unknown")

    @property
    def measured(self) -> Mapping[str, Any]:
        """A row per token of what a model's output has no word for."""
        tokens = self.turn.tokens
        names = {name: None for token in tokens for name in token.proj}
        return {
            "token_ids": [token.id for token in tokens],
            "mixers": [token.mix for token in tokens],
            "projections": {name: [token.proj.get(name) for token in tokens] for name in names},
        }


@dataclass(frozen=True)
class Sample:
    """The conversation that ends with turn `id`."""

    id: int
    messages: tuple[Message, ...]
    calls: tuple[Call, ...]

    @property
    def asked(self) -> tuple[Message, ...]:
        """What the last answer is an answer to; all of it where nobody answered."""
        return self.calls[-1].told if self.calls else self.messages


def samples(state: State, records: Iterable[Record]) -> list[Sample]:
    began, seconds = _times(records)

    def call(path: tuple[Turn, ...], turn: Turn) -> Call:
        gen = turn.gen if turn.gen is not None else -1
        before = path[: path.index(turn)]
        return Call(turn, _told(before, turn), began.get(gen, began[-1]), seconds.get(gen, 0.0))

    def sample(leaf: Turn) -> Sample:
        path = state.path(leaf.id)
        calls = tuple(call(path, turn) for turn in path if turn.gen is not None)
        return Sample(leaf.id, _told(path, calls[-1].turn if calls else leaf), calls)

    return [sample(leaf) for leaf in leaves(state)]


def _told(path: Iterable[Turn], answer: Turn) -> tuple[Message, ...]:
    """A system prompt is a setting of the answer, not a turn."""
    system = answer.settings.get("system")
    first = [{"role": "system", "content": str(system)}] if system else []
    return (*first, *messages(path))


def _times(records: Iterable[Record]) -> tuple[dict[int, datetime], dict[int, float]]:
    """When each answer began and how long it took; -1 is the session itself."""
    began, seconds, now = {-1: EPOCH}, {}, EPOCH
    for number, record in enumerate(records):
        now += timedelta(milliseconds=record.m)
        match record.event:
            case ev.Open():
                now = clock(record.event.wall, now)
            case ev.Gen():
                began[record.event.gen] = now
            case ev.Stop():
                seconds[record.event.gen] = record.event.wall_ms / 1000
        if number == 0:
            began[-1] = now
    return began, seconds


def clock(wall: str, otherwise: datetime = EPOCH) -> datetime:
    """What a session says of its time; a damaged one may not say it."""
    try:
        told = datetime.fromisoformat(wall)
    except ValueError:
        return otherwise
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def likeliest(token: Token) -> Iterator[tuple[str, float]]:
    """What else might have been said: text and log-probability."""
    for other in token.top:
        if other.p > 0:
            yield other.text, math.log(other.p)
