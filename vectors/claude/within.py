"""Runs a call with a hard deadline, however slowly the server sends its bytes.

A socket's timeout restarts with every byte, so the call runs in a thread of its own and is abandoned when
it is late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.05  # seconds between two checks whether the client was closed


class CallTimeout(Exception):
    """The call was abandoned at its deadline or because the client was closed."""


def run_within(seconds: float, work: Callable[[], T], closed: threading.Event) -> T:
    """The result or exception of `work`, or `CallTimeout` after `seconds` or when `closed` is set."""
    result: Future[T] = Future()

    def run_work() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # re-raised in the waiting thread
            result.set_exception(error)

    # A daemon: an abandoned call does not keep the program from ending.
    threading.Thread(target=run_work, name="claude", daemon=True).start()
    until = time.monotonic() + seconds
    while not wait([result], POLL_SECONDS).done:
        if closed.is_set() or time.monotonic() >= until:
            raise CallTimeout
    return result.result()
