"""A session in this very process, with the engine's own ops and journal: what a command leaves behind replays like any.

The model speaks on a thread of its own; the command's thread waits here for what happens, and so hears a Ctrl-C.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any

from core.errors import SteerError
from sessions import events as ev
from sessions.lines import Record, decode
from sessions.residence import Residence
from sessions.state import State
from steertui import paths
from steertui.acting import Company
from steertui.engine.host import Host
from steertui.progress import Bar
from steertui.text import safe_text

BREATH_S = 0.1

OnRecord = Callable[[Record], None]


@dataclass(frozen=True)
class Heard:
    """A step of the answer, and when it came."""

    step: Any
    when: float


class Booth:
    """`company` brings the model and the vectors; it outlives the booth. `on_record` sees every line of the journal."""

    def __init__(self, company: Company, *, record: bool, on_record: OnRecord | None = None) -> None:
        self._company, self._on_record = company, on_record
        self._happened: SimpleQueue[ev.Event | Heard] = SimpleQueue()
        self._host = Host(Residence(company), _root() if record else None)
        self._host.exchanged = self._attend
        self._attend()

    @property
    def name(self) -> str:
        return self._host.journal.session

    @property
    def state(self) -> State:
        return self._host.session.state

    def do(self, op: str, **args: Any) -> Mapping[str, Any]:
        if op == "mixer":
            args["rev"] = self.state.desk.rev + 1
        return self._host.do(op, args)

    def load(self, model: str, options: Mapping[str, Any]) -> None:
        """Until the model is here, with a bar where somebody is watching."""
        self.do("load_model", model=model, options=dict(options))
        with Bar() as bar:
            for event in self._until(lambda e: isinstance(e, ev.Model) and e.state == "ready"):
                if isinstance(event, ev.Model) and event.progress is not None:
                    bar(event.note, round(100 * event.progress), 100)

    def remember(self, role: str, text: str) -> None:
        """A turn that was said elsewhere."""
        turn = 1 + max(self.state.turns, default=-1)
        self._host.journal.append(ev.Turn(turn=turn, parent=self.state.head, role=role, text=text))

    def ask(
        self, text: str, role: str, parent: int | None, settings: Mapping[str, Any]
    ) -> Iterator[ev.Event | Heard]:
        """Says it, and yields what happens until the answer has ended; what ended it badly is raised."""
        player = self._company.player
        player.hear = lambda step: self._happened.put(Heard(step, time.perf_counter()))
        with self._cancelled_by_ctrl_c():
            self.do("chat", text=text, role=role, parent=parent, settings=dict(settings))
            for event in self._until(lambda e: isinstance(e, ev.Stop)):
                yield event
        if player.failure:
            raise player.failure
        if isinstance(event, ev.Stop) and event.reason == "error":
            raise SteerError(event.message)

    def close(self, reason: str) -> None:
        """The session's end; one in which nothing was said is not worth keeping."""
        self._host.close(reason)
        self.sweep()

    def sweep(self) -> None:
        self._host.sweep()

    def _attend(self) -> None:
        """To the journal that is open now, from its first line."""
        for _, line in self._host.journal.lines(-1):
            self._take(decode(line))
        self._host.journal.listen(self._take)

    def _take(self, record: Record) -> None:
        self._happened.put(record.event)
        if self._on_record:
            self._on_record(record)

    def _until(self, last: Callable[[ev.Event | Heard], bool]) -> Iterator[ev.Event | Heard]:
        while True:
            event = self._next()
            if isinstance(event, ev.Error) and event.where in ("session", "load_model"):
                raise _failure(event)
            yield event
            if last(event):
                return

    def _next(self) -> ev.Event | Heard:
        """Waits in short breaths: a signal that another thread received is dealt with between two of them."""
        while True:
            with suppress(Empty):
                return self._happened.get(timeout=BREATH_S)

    @contextmanager
    def _cancelled_by_ctrl_c(self) -> Iterator[None]:
        """The first one ends the answer after the token under way; a second one is the usual interrupt."""

        def cancel(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, usual)
            if self.do("cancel")["at"] is None:
                raise KeyboardInterrupt

        usual = signal.signal(signal.SIGINT, cancel)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, usual)


def _root() -> Path | None:
    """Where sessions are kept; a disk that cannot be written costs the recording, not the answer."""
    try:
        return paths.sessions()
    except SteerError as error:
        print(f"not recorded: {safe_text(str(error))}", file=sys.stderr)  # noqa: T201 - nobody else can say it
        return None


def _failure(event: ev.Error) -> SteerError:
    """What the journal says went wrong, as the error it was."""
    error = SteerError(event.message)
    error.exit_code = int(event.code) if event.code.isdigit() else SteerError.exit_code
    return error
