"""Jobs beside the talk: each is driven by a thread of its own, its GPU steps take turns with chat, and all it
reports is an event like any other.

A job is a generator (`core.jobs`); a new kind is one entry in the registry the session was given.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core import jobs
from core.errors import SteerError, UsageError
from core.finished import Finished
from core.runner import run

from . import events as ev
from .residence import Residence

Append = Callable[[ev.Event], Any]
Factory = Callable[[Any, Mapping[str, Any]], jobs.Job]
Registry = Mapping[str, Factory]


class Tasks:
    """`registry` makes a job from the resident model (or None) and its parameters; `keep` holds finished steps."""

    def __init__(self, residence: Residence, append: Append, registry: Registry, keep: Path | None) -> None:
        self._residence, self._append, self._registry, self._keep = residence, append, registry, keep
        self._running: dict[int, tuple[threading.Thread, threading.Event]] = {}

    def start(self, number: int, kind: str, params: Mapping[str, Any]) -> None:
        """Returns as soon as the job is under way; what is wrong with its parameters is said here."""
        if kind not in self._registry:
            raise UsageError(
                f"there is no job {kind!r}: there is {', '.join(sorted(self._registry)) or 'none'}"
            )
        job = self._registry[kind](self._residence.instrument, params)
        cancel = threading.Event()
        thread = threading.Thread(
            target=self._drive, args=(number, kind, job, params, cancel), name=f"job-{number}", daemon=True
        )
        self._running[number] = thread, cancel
        self._append(ev.Job(job=number, kind=kind, state="running", params=params))
        thread.start()

    def cancel(self, number: int) -> None:
        if number not in self._running:
            raise UsageError(f"job {number} is not running")
        self._running[number][1].set()

    @property
    def running(self) -> bool:
        return bool(self._running)

    def close(self) -> None:
        """What is done is kept, so the same job goes on from there another time."""
        running = list(self._running.values())
        for _, cancel in running:
            cancel.set()
        for thread, _ in running:
            thread.join()

    def _drive(
        self, number: int, kind: str, job: jobs.Job, params: Mapping[str, Any], cancel: threading.Event
    ) -> None:
        finished = Finished.of(self._keep, kind, params) if self._keep else None
        end = jobs.End("failed")
        try:
            # What a job refuses stands as a sentence in the summary of its end already.
            with suppress(SteerError):
                for event in run(job, self._residence.gate, finished, cancel):
                    if isinstance(event, jobs.End):
                        end = event
                    else:
                        self._append(ev.Job(job=number, kind=kind, state="running", event=event.to_json()))
        except Exception as error:
            end = jobs.End("failed", {"error": f"internal error ({type(error).__name__}: {error})"})
        del self._running[number]
        message = str(end.summary.get("error", ""))
        self._append(
            ev.Job(job=number, kind=kind, state=end.status, event=dict(end.summary), message=message)
        )
