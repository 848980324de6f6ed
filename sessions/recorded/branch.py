"""Branching: start a new session from the events that lead to one token of an existing session.

The events are copied unchanged; answers on other branches and everything after the token are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from core.errors import UsageError
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.journal.environment import opening_event
from sessions.journal.folder import SessionFolder, share_vector_copy
from sessions.journal.journal import Journal
from sessions.state.fold import fold_all
from sessions.state.state import SessionState, Turn

ANSWER_EVENTS = (
    ev.AnswerStarted,
    ev.TokensGenerated,
    ev.MeterReadings,
    ev.TextInjected,
    ev.AnswerRewound,
    ev.CacheRebuilt,
    ev.CacheCropped,
    ev.LaneAnswered,
    ev.LanesAssigned,
    ev.PrefillChunk,
    ev.AnswerStopped,
)


def branch_events(records: Iterable[JournalRecord], turn: int, at: int | None = None) -> Iterator[ev.Event]:
    """The events of a new session that ends at token `at` of `turn` (at the end of the turn if `at` is None)."""
    records = tuple(records)
    state = fold_all(records)
    last = _branch_turn(state, turn, at)
    path = {step.id for step in state.path(turn)}
    gens = {step.gen for step in state.path(turn) if step.gen is not None}
    for event in (record.event for record in records):
        if _is_on_path(event, path, gens):
            yield event
        if isinstance(event, ev.LaneAnswered) and event.gen == last.gen:
            # An answer of a batch has a mixer of its own, under which it goes on.
            yield ev.MixerChanged(
                rev=state.mixer.rev + 1, state=event.mixer, mix=event.mix, expression=event.expression
            )
    yield from _truncation_events(last, at)


def create_branch(
    root: Path, parent: SessionFolder, records: Iterable[JournalRecord], turn: int | None, at: int | None
) -> SessionFolder:
    """Create the branch on disk: a new session below `root` with copies of the parent's vectors."""
    if turn is None:
        raise UsageError(f"session {parent.id} has no turn to branch at")
    records = tuple(records)
    # Before the folder is made, so that a wrong turn leaves no empty session behind.
    events = list(branch_events(records, turn, at))
    first = next((record.event for record in records if isinstance(record.event, ev.SessionOpened)), None)
    journal, folder = Journal.create(root)
    origin = {"session": parent.id, "turn": turn, "at": at}
    journal.append(opening_event(folder.id, first.app if first else "", parent=origin))
    for event in events:
        journal.append(event)
        if isinstance(event, ev.VectorChanged):
            share_vector_copy(event.sha256, parent.vectors, folder.vectors)
    journal.close("branched")
    return folder


def _is_on_path(event: ev.Event, turns: set[int], gens: set[int]) -> bool:
    if isinstance(event, ev.TurnAdded):
        return event.turn in turns
    if isinstance(event, ev.MixerChanged):
        # A change made between two answers belongs to no answer; it is copied for every branch.
        return event.gen is None or event.gen in gens
    return isinstance(event, ev.VectorChanged) or (isinstance(event, ANSWER_EVENTS) and event.gen in gens)


def _branch_turn(state: SessionState, turn: int, at: int | None) -> Turn:
    if turn not in state.turns:
        raise UsageError(f"there is no turn {turn} in session {state.session}")
    last = state.turns[turn]
    if at is not None and (last.gen is None or not 0 <= at <= len(last.tokens)):
        raise UsageError(f"turn {turn} has {len(last.tokens)} tokens: there is no token {at} to branch at")
    return last


def _truncation_events(last: Turn, at: int | None) -> Iterator[ev.Event]:
    """The rewind to the branch token and the stop that ends the answer there."""
    if at is not None and last.gen is not None and at < len(last.tokens):
        yield ev.AnswerRewound(gen=last.gen, to=at, dropped=len(last.tokens) - at)
        yield ev.AnswerStopped(gen=last.gen, reason="branch", tokens=at)
