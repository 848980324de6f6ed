"""Session metadata for all exports: model, vectors, versions, and the final state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sessions.journal import events as ev
from sessions.journal.codec import Record
from sessions.state.fold import fold_all
from sessions.state.state import State, Turn

VISIBLE = ("mixer", "inject", "note", "mark", "rewind", "rebuild")


@dataclass(frozen=True)
class Facts:
    """The first opening, the last model that was ready, every vector that was loaded, and the final state."""

    opening: ev.Open
    model: ev.Model | None
    vectors: tuple[ev.Vector, ...]
    state: State

    @property
    def branches(self) -> tuple[Turn, ...]:
        """Turns that are not on the path to the head."""
        main = {turn.id for turn in self.state.path()}
        return tuple(turn for turn in self.state.turns.values() if turn.id not in main)


def facts(records: Iterable[Record]) -> Facts:
    records = tuple(records)
    events = [record.event for record in records]
    openings = [event for event in events if isinstance(event, ev.Open)]
    models = [event for event in events if isinstance(event, ev.Model) and event.state == "ready"]
    vectors = {event.name: event for event in events if isinstance(event, ev.Vector) and not event.removed}
    unknown = ev.Open(session="unknown", app="unknown", wall="unknown")
    return Facts(
        openings[0] if openings else unknown,
        models[-1] if models else None,
        tuple(vectors.values()),
        fold_all(records),
    )


def settings_line(turn: Turn) -> str:
    """The settings of an answer as text; settings at their default are not recorded."""
    return ", ".join(f"{key} {value}" for key, value in turn.settings.items() if key != "prefill")
