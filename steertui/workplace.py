"""Where a verb gets its work done: in the engine that holds its model, else in this very process.

Both are a session with the same ops and the same events, so what a verb does with either reads the same, and leaves the
same kind of record behind.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import EngineUnavailable, SteerError
from sessions.lines import Record, decode
from sessions.state import State
from steertui import paths
from steertui.engine.connect import BREATH_S, Engine
from steertui.engine.host import Host
from steertui.engine.launch import Found, holding
from steertui.text import safe_text

if TYPE_CHECKING:
    from pathlib import Path

    from sessions.studio import Studio


class Workplace(Protocol):
    """A session to work in. `records` are its events from the first on; they end when the work cannot go on."""

    @property
    def state(self) -> State: ...
    def do(self, op: str, **args: Any) -> Mapping[str, Any]: ...
    def tell(self, op: str, **args: Any) -> None: ...
    def records(self) -> Iterator[Record]: ...
    def close(self, reason: str) -> None: ...


class Here:
    """A session in this process; `studio` brings models and vectors."""

    def __init__(self, studio: Studio, *, record: bool) -> None:
        from sessions.residence import Residence

        self._host = Host(Residence(studio), _root() if record else None)
        self._host.exchanged = self._attend
        self._happened: SimpleQueue[Record] = SimpleQueue()
        self._attend()

    @property
    def state(self) -> State:
        return self._host.session.state

    def do(self, op: str, **args: Any) -> Mapping[str, Any]:
        return self._host.do(op, args)

    def tell(self, op: str, **args: Any) -> None:
        with suppress(SteerError):
            self._host.do(op, args)

    def records(self) -> Iterator[Record]:
        """Waits in short breaths: a signal that another thread received is dealt with between two of them."""
        while True:
            with suppress(Empty):
                yield self._happened.get(timeout=BREATH_S)

    def close(self, reason: str) -> None:
        self._host.close(reason)
        self._host.sweep()

    def _attend(self) -> None:
        """To the session that is open now, from its first line."""
        for _, line in self._host.journal.lines(-1):
            self._happened.put(decode(line))
        self._host.journal.listen(self._happened.put)


class There:
    """A session in a running engine, beside the one that is open there."""

    def __init__(self, engine: Found, *, record: bool) -> None:
        self._engine = Engine(engine.path, "guest", record=record)

    @property
    def state(self) -> State:
        return self._engine.state

    def do(self, op: str, **args: Any) -> Mapping[str, Any]:
        return self._engine.ask(op, **args)

    def tell(self, op: str, **args: Any) -> None:
        self._engine.tell(op, **args)

    def records(self) -> Iterator[Record]:
        yield from self._engine.events()
        raise EngineUnavailable(
            "the engine is gone: what was finished is kept, the same command goes on from there"
        )

    def close(self, reason: str) -> None:
        self._engine.close()


def lent(model: str, options: Mapping[str, Any], *, own: bool) -> Found | None:
    """The engine to work in; none where the verb is to work alone."""
    return None if own else holding(model, options)


def _root() -> Path | None:
    """Where sessions are kept; a disk that cannot be written costs the recording, not the work."""
    try:
        return paths.sessions()
    except SteerError as error:
        print(f"not recorded: {safe_text(str(error))}", file=sys.stderr)  # noqa: T201 - nobody else can say it
        return None
