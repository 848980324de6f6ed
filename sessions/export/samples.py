"""A session as evaluation samples: one sample per conversation, one model call per answer.

Plain data, independent of the format that is written (`sessions.export.inspectlog`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sessions.export.chat import leaf_turns
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.state.messages import Message, chat_messages
from sessions.state.state import AnswerToken, SessionState, Turn

EPOCH = datetime.fromtimestamp(0, UTC)
ENDS = {"eos": "stop", "stop": "stop", "length": "max_tokens"}
"""Inspect's names for the reasons an answer ended; all others are "unknown"."""


@dataclass(frozen=True)
class ModelCall:
    """One answer: the messages before it, its turn, and its time."""

    turn: Turn
    input_messages: tuple[Message, ...]
    began: datetime
    seconds: float

    @property
    def end(self) -> str:
        return ENDS.get(self.turn.stop or "", "unknown")

    @property
    def token_columns(self) -> Mapping[str, Any]:
        """Per-token values that Inspect's model output has no field for."""
        tokens = self.turn.tokens
        names = {name: None for token in tokens for name in token.proj}
        return {
            "token_ids": [token.id for token in tokens],
            "mixers": [token.mix for token in tokens],
            "projections": {name: [token.proj.get(name) for token in tokens] for name in names},
        }


@dataclass(frozen=True)
class ConversationSample:
    """The conversation that ends with turn `id`."""

    id: int
    messages: tuple[Message, ...]
    calls: tuple[ModelCall, ...]

    @property
    def input_messages(self) -> tuple[Message, ...]:
        """The messages before the last answer; all messages if there is no answer."""
        return self.calls[-1].input_messages if self.calls else self.messages


def conversation_samples(state: SessionState, records: Iterable[JournalRecord]) -> list[ConversationSample]:
    began, seconds = _answer_times(records)

    def call(path: tuple[Turn, ...], turn: Turn) -> ModelCall:
        gen = turn.gen if turn.gen is not None else -1
        before = path[: path.index(turn)]
        return ModelCall(
            turn, _input_messages(before, turn), began.get(gen, began[-1]), seconds.get(gen, 0.0)
        )

    def sample(leaf: Turn) -> ConversationSample:
        path = state.path(leaf.id)
        calls = tuple(call(path, turn) for turn in path if turn.gen is not None)
        return ConversationSample(leaf.id, _input_messages(path, calls[-1].turn if calls else leaf), calls)

    return [sample(leaf) for leaf in leaf_turns(state)]


def _input_messages(path: Iterable[Turn], answer: Turn) -> tuple[Message, ...]:
    """The messages of a path, with the system prompt from the answer's settings first."""
    system = answer.settings.get("system")
    first = [{"role": "system", "content": str(system)}] if system else []
    return (*first, *chat_messages(path))


def _answer_times(records: Iterable[JournalRecord]) -> tuple[dict[int, datetime], dict[int, float]]:
    """The start time and duration of each answer; -1 is the session itself."""
    began, seconds, now = {-1: EPOCH}, {}, EPOCH
    for number, record in enumerate(records):
        now += timedelta(milliseconds=record.m)
        match record.event:
            # A reopened session has a new wall-clock time; delays count from it.
            case ev.SessionOpened():
                now = parse_time(record.event.wall, now)
            case ev.AnswerStarted():
                began[record.event.gen] = now
            case ev.AnswerStopped():
                seconds[record.event.gen] = record.event.wall_ms / 1000
        # The session starts with its first record.
        if number == 0:
            began[-1] = now
    return began, seconds


def parse_time(wall: str, otherwise: datetime = EPOCH) -> datetime:
    """Parse a session's wall-clock time; `otherwise` if it is invalid."""
    try:
        parsed = datetime.fromisoformat(wall)
    except ValueError:
        return otherwise
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def ranked_alternatives(token: AnswerToken) -> Iterator[tuple[str, float]]:
    """Alternative tokens with their log-probabilities."""
    for other in token.top:
        # The logarithm of 0 is not finite.
        if other.p > 0:
            yield other.text, math.log(other.p)
