"""A call that has to end by a certain time, however slowly the other side drips its bytes.

A socket's timeout begins anew with every byte, so the call gets a thread of its own and is left behind when it is late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")
LOOK = 0.05  # seconds between two looks at whether the talk was closed


class CallTimeout(Exception):
    """The call was left behind."""


def run_within(seconds: float, work: Callable[[], T], closed: threading.Event) -> T:
    """The result of `work`, its error, or `TooLate` after so many seconds or when the talk is closed."""
    result: Future[T] = Future()

    def serve() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # whoever waits gets it, whatever it is
            result.set_exception(error)

    threading.Thread(target=serve, name="claude", daemon=True).start()
    until = time.monotonic() + seconds
    while not wait([result], LOOK).done:
        if closed.is_set() or time.monotonic() >= until:
            raise CallTimeout
    return result.result()
