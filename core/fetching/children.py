"""Python processes that do a part of the fetching: they end with the job, and a job can wait for them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from core.jobs.job import Progress, Steps, worker_task
from core.python_child import python_environment

POLL_S = 0.2


@contextmanager
def start_child(words: list[str], log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that writes to `log`, in a group of its own that is killed at the end of the block."""
    with log.open("wb") as out:
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env=python_environment(**variables),
        )
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def wait_for_child(
    child: subprocess.Popen[bytes], measure: Callable[[], int], total: int, unit: str
) -> Steps[int]:
    """Wait for a process, report its progress as `measure` finds it, and return its exit code."""
    shown = -1
    # In short pieces on a worker thread, so that a cancelled job need not wait for the process.
    while (code := (yield worker_task(partial(_wait_briefly, child)))) is None:
        done = min(measure(), total)
        if done != shown:
            yield Progress(done, total, unit)
            shown = done
    found: int = code
    return found


def _wait_briefly(child: subprocess.Popen[bytes]) -> int | None:
    with suppress(subprocess.TimeoutExpired):
        return child.wait(POLL_S)
    return None
