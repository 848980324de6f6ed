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
from core.freed_memory import keep_freed_memory
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord, decode
from sessions.state.state import SessionState
from steertui import paths
from steertui.cli.options import flags
from steertui.cli.output.progress import ProgressLine
from steertui.engine.connect import BREATH_S, EngineConnection
from steertui.engine.host import SessionHost
from steertui.engine.launch import RunningEngine, engine_with_model
from steertui.text import safe_text

if TYPE_CHECKING:
    pass

OnRecord = Callable[[JournalRecord], None]


class CommandBackend(Protocol):
    """A session to run in. `records` yields its events from the first one; it ends when the session cannot
    go on.
    """

    @property
    def state(self) -> SessionState: ...
    def load(self, model: str, options: Mapping[str, Any]) -> None: ...
    def do(self, op: str, **args: Any) -> Mapping[str, Any]: ...
    def records(self) -> Iterator[JournalRecord]: ...
    def close(self, reason: str) -> None: ...
    def abandon(self) -> None: ...


def open_backend(
    args: argparse.Namespace, model: str | None, on_record: OnRecord = lambda record: None
) -> CommandBackend:
    """Open a session for a command line; `model` is None if the job loads its own."""
    record = not getattr(args, "no_record", False)
    if model and not args.own and (engine := engine_with_model(model, flags.load_options(args))):
        return EngineBackend(engine, on_record, record=record)
    return LocalBackend(on_record, record=record)


class LocalBackend:
    """A session in this process."""

    def __init__(self, on_record: OnRecord, *, record: bool) -> None:
        from sessions.live import torch_backend
        from sessions.live.model_host import ModelHost

        self._on_record = on_record
        self._queued: SimpleQueue[JournalRecord] = SimpleQueue()
        self._host = SessionHost(
            ModelHost(torch_backend.TorchBackend()), paths.sessions_path() if record else None
        )
        if record and self._host.folder is None:
            print_note(self.state.unrecorded)
        self._host.exchanged = self._follow_journal
        self._follow_journal()

    @property
    def state(self) -> SessionState:
        return self._host.session.state

    def load(self, model: str, options: Mapping[str, Any]) -> None:
        # This process ends with its command, so it need not give memory back before.
        keep_freed_memory()
        self.do("load_model", model=model, options=dict(options))

    def do(self, op: str, **args: Any) -> Mapping[str, Any]:
        return self._host.run_op(op, args)

    def records(self) -> Iterator[JournalRecord]:
        """Wait with short timeouts, so that Python can handle signals in between."""
        while True:
            with suppress(Empty):
                record = self._queued.get(timeout=BREATH_S)
                self._on_record(record)
                yield record

    def close(self, reason: str) -> None:
        self._host.close(reason)
        # Closing the session writes its last records.
        while not self._queued.empty():
            self._on_record(self._queued.get())

    def abandon(self) -> None:
        """Exit without waiting: a model load cannot be cancelled."""
        self._host.discard_blank()

    def _follow_journal(self) -> None:
        """Receive the records of the current session, from its first line."""
        for _, line in self._host.journal.lines(-1):
            self._queued.put(decode(line))
        self._host.journal.listen(self._queued.put)


class EngineBackend:
    """A guest session in a running engine."""

    def __init__(self, engine: RunningEngine, on_record: OnRecord, *, record: bool) -> None:
        self._on_record = on_record
        self._engine = EngineConnection(engine.path, "guest", record=record)
        if record and self._engine.folder is None:
            print_note(f"not recorded: the engine {engine.id} keeps no records")

    @property
    def state(self) -> SessionState:
        return self._engine.state

    def load(self, model: str, options: Mapping[str, Any]) -> None:
        """Nothing to do: the engine has the model or is loading it."""

    def do(self, op: str, **args: Any) -> Mapping[str, Any]:
        return self._engine.ask(op, **args)

    def records(self) -> Iterator[JournalRecord]:
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


def wait_for_model(place: CommandBackend, bar: ProgressLine) -> None:
    """Wait until the model is loaded."""
    for record in place.records():
        event = record.event
        # A failed load is reported as an event, because the op has returned by then.
        if isinstance(event, ev.ErrorReported) and event.where == "load_model":
            raise event_error(event.message, event.code)
        if isinstance(event, ev.ModelChanged) and event.state == "ready":
            for warning in event.warnings:
                print_note(warning)
            return
        if isinstance(event, ev.ModelChanged) and event.progress is not None:
            bar(event.note or "loading the model", round(100 * event.progress), 100)


def event_error(message: str, code: str | int) -> SteerError:
    """The error that an event reports, with its exit code."""
    error = SteerError(message)
    error.exit_code = int(code) if str(code).isdigit() and int(code) else SteerError.exit_code
    return error


def print_note(words: str) -> None:
    """Print a note on stderr."""
    print(safe_text(words), file=sys.stderr)  # noqa: T201 - a note on stderr, beside the data
