"""Jobs beside the talk: each is driven by a thread of its own when its turn has come, its GPU steps take turns with
chat, and all it reports is an event like any other.

A job is a generator (`core.jobs`); a new kind is one entry in the registry the session was given.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core import jobs
from core.errors import SteerError, UsageError
from core.finished import Finished
from core.runner import run
from sessions import events as ev
from sessions.identity import identity
from sessions.journal import Journal
from sessions.queue import Place
from sessions.residence import Home
from sessions.state import State

Factory = Callable[[Any, Mapping[str, Any]], jobs.Job]
Registry = Mapping[str, Factory]


@dataclass(frozen=True)
class Asked:
    """A job that was asked for, and its place in the queue."""

    number: int
    kind: str
    params: Mapping[str, Any]
    work: jobs.Job
    place: Place
    waits: bool


class Tasks:
    """`registry` makes a job from the resident model (or None) and its parameters; `keep` holds finished steps; `state`
    knows which numbers are taken."""

    def __init__(
        self,
        residence: Home,
        journal: Journal,
        state: Callable[[], State],
        registry: Registry,
        keep: Path | None,
    ) -> None:
        self._residence, self._journal, self._state = residence, journal, state
        self._registry, self._keep = registry, keep
        self._running: dict[int, tuple[threading.Thread, Place]] = {}
        self._elsewhere: dict[int, Callable[[], None]] = {}
        """How jobs are cancelled that are worked at in the session of a guest."""

    def start(self, kind: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Returns as soon as the job is under way or waits; what is wrong with its parameters is said here."""
        with self._journal.lock:
            number = self._next_number()
            self._begin(number, kind, params or {})
        return {"job": number}

    def _next_number(self) -> int:
        return 1 + max(self._state().jobs, default=0)

    def _begin(self, number: int, kind: str, params: Mapping[str, Any]) -> None:
        if kind not in self._registry:
            raise UsageError(
                f"there is no job {kind!r}: there is {', '.join(sorted(self._registry)) or 'none'}"
            )
        work = self._registry[kind](self._residence.instrument, params)
        place = self._residence.queue.join()
        asked = Asked(number, kind, params, work, place, not self._residence.queue.first(place))
        thread = threading.Thread(target=self._drive, args=(asked,), name=f"job-{number}", daemon=True)
        self._running[number] = thread, place
        state = "queued" if asked.waits else "running"
        self._journal.append(ev.Job(job=number, kind=kind, state=state, params=params))
        thread.start()

    def cancel(self, job: int) -> dict[str, Any]:
        """What is done is kept; the same job goes on from there when it is started again."""
        if job in self._elsewhere:
            self._elsewhere[job]()
        elif job in self._running:
            self._residence.queue.cancel(self._running[job][1])
        else:
            raise UsageError(f"job {job} is not running")
        return {}

    def show(self, job: ev.Job, cancel: Callable[[], None]) -> int:
        """Another session's job, among ours; whoever shows it tells how it goes on."""
        with self._journal.lock:
            number = self._next_number()
            self._elsewhere[number] = cancel
            self._journal.append(replace(job, job=number))
        return number

    def end_shown(self, number: int) -> None:
        self._elsewhere.pop(number, None)

    @property
    def running(self) -> bool:
        return bool(self._running)

    def close(self) -> None:
        """What is done is kept, so the same job goes on from there another time."""
        running = list(self._running.values())
        for _, place in running:
            self._residence.queue.cancel(place)
        for thread, _ in running:
            thread.join()

    def _drive(self, asked: Asked) -> None:
        """In its turn; its end is told before the next one begins."""
        try:
            end = self._worked(asked) if self._residence.queue.turn(asked.place) else jobs.End("cancelled")
        except Exception as error:
            end = jobs.End("failed", {"error": f"internal error ({type(error).__name__}: {error})"})
        asked.place.done = True
        del self._running[asked.number]
        self._tell(asked, end.status, dict(end.summary), str(end.summary.get("error", "")))
        self._residence.queue.leave(asked.place)

    def _worked(self, asked: Asked) -> jobs.End:
        """The finished steps of a job that is done are forgotten: asked again, it is worked again."""
        finished = Finished.of(self._keep, asked.kind, self._identity(asked)) if self._keep else None
        if asked.waits:
            self._tell(asked, "running")
        end = jobs.End("failed")
        # What a job refuses stands as a sentence in the summary of its end already.
        with suppress(SteerError):
            for event in run(asked.work, self._residence.gate, finished, asked.place.cancelled):
                if isinstance(event, jobs.End):
                    end = event
                else:
                    self._tell(asked, "running", event.to_json())
        if finished and end.status == "done":
            finished.file.unlink(missing_ok=True)
        return end

    def _identity(self, asked: Asked) -> Mapping[str, Any]:
        """Another model, or another content of a file that is named, is another job."""
        instrument = self._residence.instrument
        return identity(asked.params) | {"model": instrument and instrument.facts.get("fingerprint")}

    def _tell(
        self, asked: Asked, state: str, event: Mapping[str, Any] | None = None, message: str = ""
    ) -> None:
        self._journal.append(
            ev.Job(job=asked.number, kind=asked.kind, state=state, event=event or {}, message=message)
        )
