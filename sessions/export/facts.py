"""Session metadata for all exports: model, vectors, versions, and the final state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.state.fold import fold_all
from sessions.state.state import SessionState, Turn

VISIBLE = ("mixer", "inject", "note", "mark", "rewind", "rebuild")


@dataclass(frozen=True)
class SessionFacts:
    """The first opening, the last model that was ready, every vector that was loaded, and the final state."""

    opening: ev.SessionOpened
    model: ev.ModelChanged | None
    vectors: tuple[ev.VectorChanged, ...]
    state: SessionState

    @property
    def branches(self) -> tuple[Turn, ...]:
        """Turns that are not on the path to the head."""
        main = {turn.id for turn in self.state.path()}
        return tuple(turn for turn in self.state.turns.values() if turn.id not in main)


def collect_facts(records: Iterable[JournalRecord]) -> SessionFacts:
    records = tuple(records)
    events = [record.event for record in records]
    openings = [event for event in events if isinstance(event, ev.SessionOpened)]
    models = [event for event in events if isinstance(event, ev.ModelChanged) and event.state == "ready"]
    vectors = {
        event.name: event for event in events if isinstance(event, ev.VectorChanged) and not event.removed
    }
    unknown = ev.SessionOpened(session="unknown", app="unknown", wall="unknown")
    return SessionFacts(
        openings[0] if openings else unknown,
        models[-1] if models else None,
        tuple(vectors.values()),
        fold_all(records),
    )


def settings_line(turn: Turn) -> str:
    """The settings of an answer as text; settings at their default are not recorded."""
    return ", ".join(f"{key} {value}" for key, value in turn.settings.items() if key != "prefill")
