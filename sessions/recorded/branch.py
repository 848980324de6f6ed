"""Branching: start a new session from the events that lead to one token of an existing session.

The events are copied unchanged; answers on other branches and everything after the token are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from core.errors import UsageError
from sessions.journal import events as ev
from sessions.journal.codec import Record
from sessions.journal.environment import opening
from sessions.journal.folder import Folder, hand_down
from sessions.journal.journal import Journal
from sessions.state.fold import fold_all
from sessions.state.state import State, Turn

TALK = (ev.Gen, ev.Tok, ev.Meter, ev.Inject, ev.Rewind, ev.Rebuild, ev.Crop, ev.Lane, ev.Chunk, ev.Stop)


def branched(records: Iterable[Record], turn: int, at: int | None = None) -> Iterator[ev.Event]:
    """The events of a new session that ends at token `at` of `turn` (at the end of the turn if `at` is None)."""
    records = tuple(records)
    state = fold_all(records)
    last = _there(state, turn, at)
    path = {step.id for step in state.path(turn)}
    gens = {step.gen for step in state.path(turn) if step.gen is not None}
    for event in (record.event for record in records):
        if _leads_there(event, path, gens):
            yield event
    yield from _shortened(last, at)


def branch(root: Path, parent: Folder, records: Iterable[Record], turn: int | None, at: int | None) -> Folder:
    """Create the branch on disk: a new session below `root` with copies of the parent's vectors."""
    if turn is None:
        raise UsageError(f"session {parent.id} has no turn to branch at")
    records = tuple(records)
    events = list(branched(records, turn, at))
    first = next((record.event for record in records if isinstance(record.event, ev.Open)), None)
    journal, folder = Journal.create(root)
    origin = {"session": parent.id, "turn": turn, "at": at}
    journal.append(opening(folder.id, first.app if first else "", parent=origin))
    for event in events:
        journal.append(event)
        if isinstance(event, ev.Vector):
            hand_down(event.sha256, parent.vectors, folder.vectors)
    journal.close("branched")
    return folder


def _leads_there(event: ev.Event, turns: set[int], gens: set[int]) -> bool:
    if isinstance(event, ev.Turn):
        return event.turn in turns
    if isinstance(event, ev.Mixer):
        return event.gen is None or event.gen in gens
    return isinstance(event, ev.Vector) or (isinstance(event, TALK) and event.gen in gens)


def _there(state: State, turn: int, at: int | None) -> Turn:
    if turn not in state.turns:
        raise UsageError(f"there is no turn {turn} in session {state.session}")
    last = state.turns[turn]
    if at is not None and (last.gen is None or not 0 <= at <= len(last.tokens)):
        raise UsageError(f"turn {turn} has {len(last.tokens)} tokens: there is no token {at} to branch at")
    return last


def _shortened(last: Turn, at: int | None) -> Iterator[ev.Event]:
    """The rewind to the branch token and the stop that ends the answer there."""
    if at is not None and last.gen is not None and at < len(last.tokens):
        yield ev.Rewind(gen=last.gen, to=at, dropped=len(last.tokens) - at)
        yield ev.Stop(gen=last.gen, reason="branch", tokens=at)
