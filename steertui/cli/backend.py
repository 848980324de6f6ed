"""Where a verb runs: in the engine that holds its model, else in this process.

Both are a session with the same ops and events, so verbs need not know which it is, and both are
recorded alike.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import EngineUnavailable, SteerError
from sessions.journal import events as ev
from sessions.journal.codec import Record, decode
from sessions.state.state import State
from steertui import paths
from steertui.cli.options import flags
from steertui.cli.output.progress import Bar
from steertui.engine.connect import BREATH_S, Engine
from steertui.engine.host import Host
from steertui.engine.launch import Found, holding
from steertui.text import safe_text

if TYPE_CHECKING:
    pass

OnRecord = Callable[[Record], None]


class Workplace(Protocol):
    """A session to run in. `records` yields its events from the first one; it ends when the session cannot
    go on.
    """

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
    """Open a session for a command line; `model` is None if the job loads its own."""
    record = not getattr(args, "no_record", False)
    if model and not args.own and (engine := holding(model, flags.loading(args))):
        return There(engine, on_record, record=record)
    return Here(on_record, record=record)


class Here:
    """A session in this process."""

    def __init__(self, on_record: OnRecord, *, record: bool) -> None:
        from sessions.live import torch_backend
        from sessions.live.model_host import Residence

        self._on_record = on_record
        self._happened: SimpleQueue[Record] = SimpleQueue()
        self._host = Host(Residence(torch_backend.Studio()), paths.sessions_place() if record else None)
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
        """Wait with short timeouts, so that Python can handle signals in between."""
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
        """Exit without waiting: a model load cannot be cancelled."""
        self._host.abandon()

    def _attend(self) -> None:
        """Receive the records of the current session, from its first line."""
        for _, line in self._host.journal.lines(-1):
            self._happened.put(decode(line))
        self._host.journal.listen(self._happened.put)


class There:
    """A guest session in a running engine."""

    def __init__(self, engine: Found, on_record: OnRecord, *, record: bool) -> None:
        self._on_record = on_record
        self._engine = Engine(engine.path, "guest", record=record)
        if record and self._engine.folder is None:
            tell(f"not recorded: the engine {engine.id} keeps no records")

    @property
    def state(self) -> State:
        return self._engine.state

    def load(self, model: str, options: Mapping[str, Any]) -> None:
        """Nothing to do: the engine has the model or is loading it."""

    def do(self, op: str, **args: Any) -> Mapping[str, Any]:
        return self._engine.ask(op, **args)

    def records(self) -> Iterator[Record]:
        for record in self._engine.events():
            self._on_record(record)
            yield record
        raise EngineUnavailable("the engine is gone; run the same command again to go on without it")

    def close(self, reason: str) -> None:
        """Detach and pass on the last events, which come before the reply."""
        with suppress(SteerError):
            self._engine.ask("detach", reason=reason)
            for record in self._engine.events():
                self._on_record(record)
        self._engine.close()

    def abandon(self) -> None:
        self._engine.close()


def arrived(place: Workplace, bar: Bar) -> None:
    """Wait until the model is loaded."""
    for record in place.records():
        event = record.event
        if isinstance(event, ev.Error) and event.where == "load_model":
            raise said(event.message, event.code)
        if isinstance(event, ev.Model) and event.state == "ready":
            return
        if isinstance(event, ev.Model) and event.progress is not None:
            bar(event.note, round(100 * event.progress), 100)


def said(message: str, code: str | int) -> SteerError:
    """The error that an event reports, with its exit code."""
    error = SteerError(message)
    error.exit_code = int(code) if str(code).isdigit() and int(code) else SteerError.exit_code
    return error


def tell(words: str) -> None:
    """Print a note on stderr."""
    print(safe_text(words), file=sys.stderr)  # noqa: T201 - a note on stderr, beside the data
