"""Jobs of a session: each runs on its own thread when its turn comes, shares the GPU with chat, and reports
events.

A job is a generator (`core.jobs`); the registry passed to the session defines the job kinds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import SteerError, UsageError
from core.jobs import job
from core.jobs.resume import FinishedTasks
from core.jobs.runner import run
from sessions.answers.finished_answer import FinishedAnswer
from sessions.journal import events as ev
from sessions.journal.journal import Journal
from sessions.live.job_fingerprint import fingerprint_params
from sessions.live.job_queue import QueuePlace
from sessions.live.model_host import Home
from sessions.state.state import SessionState

Factory = Callable[[Any, Mapping[str, Any]], job.Job]
Registry = Mapping[str, Factory]


@dataclass(frozen=True)
class QueuedJob:
    """A requested job and its place in the queue."""

    number: int
    kind: str
    params: Mapping[str, Any]
    work: job.Job
    place: QueuePlace
    waits: bool


class SessionJobs:
    """`registry` creates a job from the loaded model (or None) and its parameters; `keep` is the folder for
    finished steps; `state` gives the job numbers in use; `record_answer` gets the answers of a job of many.
    """

    def __init__(
        self,
        host: Home,
        journal: Journal,
        state: Callable[[], SessionState],
        registry: Registry,
        keep: Path | None,
        record_answer: Callable[[FinishedAnswer], None],
    ) -> None:
        self._host, self._journal, self._state = host, journal, state
        self._registry, self._keep, self._record_answer = registry, keep, record_answer
        self._running: dict[int, tuple[threading.Thread, QueuePlace]] = {}
        self._external: dict[int, Callable[[], None]] = {}
        """How to cancel each job that runs in a guest session."""

    def start(self, kind: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Start or queue a job; raises if its parameters are invalid."""
        with self._journal.lock:
            number = self._next_number()
            self._enqueue(number, kind, params or {})
        return {"job": number}

    def _next_number(self) -> int:
        return 1 + max(self._state().jobs, default=0)

    def _enqueue(self, number: int, kind: str, params: Mapping[str, Any]) -> None:
        if kind not in self._registry:
            raise UsageError(
                f"there is no job {kind!r}: choose one of {', '.join(sorted(self._registry)) or 'none'}"
            )
        work = self._registry[kind](self._host.loaded_model, params)
        place = self._host.queue.join()
        queued = QueuedJob(number, kind, params, work, place, not self._host.queue.is_first(place))
        thread = threading.Thread(
            target=self._wait_and_run, args=(queued,), name=f"job-{number}", daemon=True
        )
        self._running[number] = thread, place
        state = "queued" if queued.waits else "running"
        self._journal.append(ev.JobChanged(job=number, kind=kind, state=state, params=params))
        # Started last, so that its events follow the one above.
        thread.start()

    def cancel(self, job: int) -> dict[str, Any]:
        """Cancel a job. Finished steps are kept, and a restarted job continues from them."""
        if job in self._external:
            self._external[job]()
        elif job in self._running:
            self._host.queue.cancel(self._running[job][1])
        else:
            raise UsageError(f"job {job} is not running")
        return {}

    def show_external(self, job: ev.JobChanged, cancel: Callable[[], None]) -> int:
        """List a job of a guest session; the caller appends its later events."""
        with self._journal.lock:
            number = self._next_number()
            self._external[number] = cancel
            self._journal.append(replace(job, job=number))
        return number

    def end_external(self, number: int) -> None:
        self._external.pop(number, None)

    @property
    def running(self) -> bool:
        return bool(self._running)

    def close(self) -> None:
        """Cancel all jobs and wait for them. Finished steps are kept for a restart."""
        running = list(self._running.values())
        for _, place in running:
            self._host.queue.cancel(place)
        for thread, _ in running:
            thread.join()

    def _wait_and_run(self, queued: QueuedJob) -> None:
        """Wait for the job's turn and run it; its end is recorded before the next job starts."""
        try:
            end = self._run_job(queued) if self._host.queue.wait_turn(queued.place) else job.End("cancelled")
        except Exception as error:
            end = job.End("failed", {"error": f"internal error ({type(error).__name__}: {error})"})
        # Before the report: a client that reads it may load another model at once.
        queued.place.done = True
        del self._running[queued.number]
        # Before leaving the queue, so that the next job's events come later.
        self._report(queued, end.status, dict(end.summary), str(end.summary.get("error", "")))
        self._host.queue.leave(queued.place)

    def _run_job(self, queued: QueuedJob) -> job.End:
        """Run the job. The stored steps of a completed job are deleted, so a new start runs it again."""
        finished = (
            FinishedTasks.for_job(self._keep, queued.kind, self._fingerprint(queued)) if self._keep else None
        )
        if queued.waits:
            self._report(queued, "running")
        end = job.End("failed")
        # The job's error message is already in the summary of its end event.
        with suppress(SteerError):
            for event in run(queued.work, self._host.gate, finished, queued.place.cancelled):
                if isinstance(event, job.End):
                    end = event
                elif isinstance(event, FinishedAnswer):
                    self._record_answer(event)
                else:
                    self._report(queued, "running", event.to_json())
        if finished and end.status == "done":
            finished.file.unlink(missing_ok=True)
        return end

    def _fingerprint(self, queued: QueuedJob) -> Mapping[str, Any]:
        """Parameters, contents of named files, and model: if one differs, finished steps are not reused."""
        model = self._host.loaded_model
        return fingerprint_params(queued.params) | {"model": model and model.facts.get("fingerprint")}

    def _report(
        self, queued: QueuedJob, state: str, event: Mapping[str, Any] | None = None, message: str = ""
    ) -> None:
        self._journal.append(
            ev.JobChanged(
                job=queued.number, kind=queued.kind, state=state, event=event or {}, message=message
            )
        )
