"""Runs a job: GPU tasks on the GPU thread, others on worker threads; yields its events.

The caller's thread drives the job: a command simply iterates, and an engine gives each job a thread. A job
can be cancelled at any moment: a running GPU task is finished (it is short), a worker task is abandoned.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, TypeVar

from core.errors import SteerError
from core.jobs.gpu_thread import GpuThread
from core.jobs.job import Cancelled, End, Job, JobEvent, Task
from core.jobs.resume import FinishedTasks

PATIENCE = 0.02
T = TypeVar("T")
Resume = Callable[[], JobEvent | Task]


def run(
    job: Job,
    gate: GpuThread | None = None,
    finished: FinishedTasks | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[JobEvent]:
    """Yield the job's events, ending with its End; the error of a failed job is raised after its End.

    Without a gate, GPU tasks run in the caller's own thread.
    """
    cancel = cancel or threading.Event()
    try:
        yield from _drive(job, _TaskRunner(gate, finished, cancel), cancel)
    except Cancelled:
        yield End("cancelled")
    except SteerError as error:
        yield End("failed", {"error": str(error), "exit_code": error.exit_code})
        raise
    except Exception as error:
        yield End("failed", {"error": f"{type(error).__name__}: {error}", "exit_code": SteerError.exit_code})
        raise
    finally:
        # Also when the caller stops iterating: the job cleans up now, not when it is garbage-collected.
        job.close()


def _drive(job: Job, steps: _TaskRunner, cancel: threading.Event) -> Iterator[JobEvent]:
    """Forward events and run tasks; task errors and a cancellation are thrown into the job."""
    resume: Resume = partial(job.send, None)
    told = False
    while True:
        # Thrown once only: a job that catches it may still report events before it returns.
        if cancel.is_set() and not told:
            told, resume = True, partial(job.throw, Cancelled())
        try:
            item = resume()
        except StopIteration as stop:
            yield End("cancelled" if told else "done", stop.value or {})
            return
        if isinstance(item, JobEvent):
            yield item
            resume = partial(job.send, None)
        else:
            resume = _run_task(job, item, steps)


def _run_task(job: Job, step: Task, steps: _TaskRunner) -> Resume:
    try:
        return partial(job.send, steps.result_of(step))
    except Exception as error:
        # Raised at the job's own `yield`, where the job can handle it.
        return partial(job.throw, error)


class _TaskRunner:
    """Runs tasks, or returns their recorded results."""

    def __init__(
        self, gate: GpuThread | None, finished: FinishedTasks | None, cancel: threading.Event
    ) -> None:
        self.gate, self.finished, self.cancel = gate, finished, cancel

    def result_of(self, step: Task) -> Any:
        if self.finished is None or step.key is None:
            return self._run(step)
        if step.key not in self.finished:
            result = self._run(step)
            if not step.is_recorded:
                return result
            self.finished.record_result(step.key, result)
        # From the record even when just made: a first run and a rerun get the same JSON value.
        return self.finished[step.key]

    def _run(self, step: Task) -> Any:
        if self.cancel.is_set():
            raise Cancelled
        if step.where == "side":
            return self._wait_for_worker(_start_worker(step.work))
        # On the GPU thread itself, waiting for work queued behind the caller would never end.
        if self.gate is None or self.gate.is_current_thread:
            return step.work()
        return self._wait_for_gpu(self.gate.submit_job(step.work))

    def _wait_for_gpu(self, result: Future[T]) -> T:
        """Wait for a GPU task; it can be cancelled while it is queued, not while it runs."""
        # A short timeout, because one wait cannot cover both the future and the cancel event.
        while not wait([result], PATIENCE).done:
            if self.cancel.is_set() and result.cancel():
                raise Cancelled
        return result.result()

    def _wait_for_worker(self, result: Future[T]) -> T:
        while not wait([result], PATIENCE).done:
            if self.cancel.is_set():
                # The thread is left to finish by itself: Python cannot stop it.
                raise Cancelled
        return result.result()


def _start_worker(work: Callable[[], T]) -> Future[T]:
    """Start work on a daemon thread: an abandoned call must not keep the process alive."""
    result: Future[T] = Future()

    def serve() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # re-raised in the waiting thread
            result.set_exception(error)

    threading.Thread(target=serve, name="side", daemon=True).start()
    return result
