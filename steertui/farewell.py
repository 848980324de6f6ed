"""Leaving when told to, by a closed terminal or a kill, even when the screen can no longer be drawn.

Textual's writer thread dies with its terminal, and the event loop then waits for it forever (seen with 8.2.8), so the
loop alone cannot be trusted to end the process: a handler that runs between two bytecodes gives it a moment, no more.
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


class Farewell:
    """Calls `leave(exit code)` on the running loop; ends the process if that does not."""

    def __init__(self, leave: Callable[[int], None]) -> None:
        self._leave, self._loop = leave, asyncio.get_running_loop()
        self._before = {number: signal.signal(number, self._heard) for number in CODES}

    def forget(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        code = CODES[signal.Signals(number)]
        last = threading.Timer(PATIENCE_S, os._exit, (code,))
        last.daemon = True
        last.start()
        self._loop.call_soon_threadsafe(self._leave, code)


def fall_silent() -> None:
    """The terminal is gone: what is still buffered for it goes nowhere, and cannot turn the exit code into 120."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
