"""The GPU thread: runs chat work before job work.

Queued chat work is always taken before queued job work; work already running is finished first, so chat waits
for at most one task of a job.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

T = TypeVar("T")
CHAT, JOB, CLOSE = 0, 1, 2


@dataclass(order=True)
class _WorkItem:
    rank: int
    number: int
    run: Callable[[], None] = field(compare=False)


class GpuThread:
    """Owns the GPU thread; submit work from any other thread."""

    def __init__(self, name: str = "gpu") -> None:
        self._waiting: queue.PriorityQueue[_WorkItem] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._open = True
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def submit_chat(self, work: Callable[[], T]) -> Future[T]:
        return self._submit(CHAT, work)

    def submit_job(self, work: Callable[[], T]) -> Future[T]:
        return self._submit(JOB, work)

    @property
    def is_current_thread(self) -> bool:
        """Whether the caller runs on the GPU thread itself."""
        return threading.current_thread() is self._thread

    def close(self) -> None:
        """Finish the queued work, then end the thread."""
        with self._lock:
            if not self._open:
                return
            self._open = False
            # The last in rank: everything queued is taken before it.
            self._waiting.put(_WorkItem(CLOSE, next(self._numbers), lambda: None))
        # Outside the lock: work that is still running may itself submit, and would wait for the lock forever.
        self._thread.join()

    def _submit(self, rank: int, work: Callable[[], T]) -> Future[T]:
        result: Future[T] = Future()
        with self._lock:
            # Under the lock of `close`, so that no work is queued after the thread has ended.
            if not self._open:
                raise RuntimeError("the GPU thread has ended")
            # The running number keeps work of one rank in order of submission.
            self._waiting.put(_WorkItem(rank, next(self._numbers), partial(_run_work, work, result)))
        return result

    def _serve(self) -> None:
        while (turn := self._waiting.get()).rank != CLOSE:
            turn.run()


def _run_work(work: Callable[[], T], result: Future[T]) -> None:
    # Skips what was cancelled in the queue; from here on it can no longer be cancelled.
    if not result.set_running_or_notify_cancel():
        return
    try:
        result.set_result(work())
    except BaseException as error:  # re-raised in the waiting thread
        result.set_exception(error)
        # Else the error, its traceback, this frame and the result would keep each other alive, tensors included.
        del result
