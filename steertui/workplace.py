"""Where a verb gets its work done: in the engine that holds its model, else in this very process.

Both are a session with the same ops and the same events, so what a verb does with either reads the same, and leaves the
same kind of record behind.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import EngineUnavailable, SteerError
from sessions import events as ev
from sessions.lines import Record, decode
from sessions.state import State
from steertui import flags, paths
from steertui.engine.connect import BREATH_S, Engine
from steertui.engine.host import Host
from steertui.engine.launch import Found, holding
from steertui.progress import Bar
from steertui.text import safe_text

if TYPE_CHECKING:
    pass

OnRecord = Callable[[Record], None]


class Workplace(Protocol):
    """A session to work in. `records` are its events from the first on; they end when the work cannot go on."""

    @property
    def state(self) -> State: ...
    def load(self, model: str, options: Mapping[str, Any]) -> None: ...
    def do(self, op: str, **args: Any) -> Mapping[str, Any]: ...
    def records(self) -> Iterator[Record]: ...
    def close(self, reason: str) -> None: ...
    def abandon(self) -> None: ...


def workplace(
    args: argparse.Namespace, model: str | None, on_record: OnRecord = lambda record: None
) -> Workplace:
    """A session for what a command line asks for; `model` is None where the work brings its own."""
    record = not getattr(args, "no_record", False)
    if model and not args.own and (engine := holding(model, flags.loading(args))):
        return There(engine, on_record, record=record)
    return Here(on_record, record=record)


class Here:
    """A session in this process."""

    def __init__(self, on_record: OnRecord, *, record: bool) -> None:
        from sessions import resident
        from sessions.residence import Residence

        self._on_record = on_record
        self._happened: SimpleQueue[Record] = SimpleQueue()
        self._host = Host(Residence(resident.Studio()), paths.sessions_place() if record else None)
        if record and self._host.folder is None:
            tell(self.state.unrecorded)
        self._host.exchanged = self._attend
        self._attend()

    @property
    def state(self) -> State:
        return self._host.session.state

    def load(self, model: str, options: Mapping[str, Any]) -> None:
        self.do("load_model", model=model, options=dict(options))

    def do(self, op: str, **args: Any) -> Mapping[str, Any]:
        return self._host.do(op, args)

    def records(self) -> Iterator[Record]:
        """Waits in short breaths: a signal that another thread received is dealt with between two of them."""
        while True:
            with suppress(Empty):
                record = self._happened.get(timeout=BREATH_S)
                self._on_record(record)
                yield record

    def close(self, reason: str) -> None:
        self._host.close(reason)
        while not self._happened.empty():
            self._on_record(self._happened.get())

    def abandon(self) -> None:
        """A load cannot be cancelled, and who presses ctrl+c will not wait for its end."""
        self._host.abandon()

    def _attend(self) -> None:
        """To the session that is open now, from its first line."""
        for _, line in self._host.journal.lines(-1):
            self._happened.put(decode(line))
        self._host.journal.listen(self._happened.put)


class There:
    """A session in a running engine, beside the one that is open there."""

    def __init__(self, engine: Found, on_record: OnRecord, *, record: bool) -> None:
        self._on_record = on_record
        self._engine = Engine(engine.path, "guest", record=record)
        if record and self._engine.folder is None:
            tell(f"not recorded: the engine {engine.id} keeps no records")

    @property
    def state(self) -> State:
        return self._engine.state

    def load(self, model: str, options: Mapping[str, Any]) -> None:
        """The engine has it, or is about to."""

    def do(self, op: str, **args: Any) -> Mapping[str, Any]:
        return self._engine.ask(op, **args)

    def records(self) -> Iterator[Record]:
        for record in self._engine.events():
            self._on_record(record)
            yield record
        raise EngineUnavailable("the engine is gone; the same command starts again without it")

    def close(self, reason: str) -> None:
        """Tells the last events, too: they come before the answer."""
        with suppress(SteerError):
            self._engine.ask("detach", reason=reason)
            for record in self._engine.events():
                self._on_record(record)
        self._engine.close()

    def abandon(self) -> None:
        self._engine.close()


def arrived(place: Workplace, bar: Bar) -> None:
    """Waits for the model."""
    for record in place.records():
        event = record.event
        if isinstance(event, ev.Error) and event.where == "load_model":
            raise said(event.message, event.code)
        if isinstance(event, ev.Model) and event.state == "ready":
            return
        if isinstance(event, ev.Model) and event.progress is not None:
            bar(event.note, round(100 * event.progress), 100)


def said(message: str, code: str | int) -> SteerError:
    """What an event says went wrong, as the error it was."""
    error = SteerError(message)
    error.exit_code = int(code) if str(code).isdigit() and int(code) else SteerError.exit_code
    return error


def tell(words: str) -> None:
    """A note beside the work."""
    print(safe_text(words), file=sys.stderr)  # noqa: T201 - nobody else can say it
