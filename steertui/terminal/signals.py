"""Exits on SIGHUP and SIGTERM even when the screen can no longer be drawn.

Textual's writer thread dies with its terminal, and the event loop then waits for it forever (seen with
8.2.8). So a signal handler gives the loop a moment to exit and then ends the process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

CODES = {signal.SIGHUP: 129, signal.SIGTERM: 143}
PATIENCE_S = 2.0


class ExitSignals:
    """On a signal, calls `leave(exit code)` on the running loop and ends the process if that does not."""

    def __init__(self, leave: Callable[[int], None]) -> None:
        self._leave, self._loop = leave, asyncio.get_running_loop()
        self._before = {number: signal.signal(number, self._on_signal) for number in CODES}

    def restore_handlers(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        code = CODES[signal.Signals(number)]
        # A thread of its own, because the event loop may be blocked.
        last = threading.Timer(PATIENCE_S, os._exit, (code,))
        # A daemon thread does not delay a regular exit.
        last.daemon = True
        last.start()
        # Unlike call_soon, this wakes a loop that waits for input.
        self._loop.call_soon_threadsafe(self._leave, code)


def silence_output() -> None:
    """Redirect stdout and stderr to /dev/null, so that flushing to a closed terminal cannot change the
    exit code.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
