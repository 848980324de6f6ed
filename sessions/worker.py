"""The one thread that drives the model: whatever needs a forward pass is done here, one thing after another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

Deed = Callable[[], None]


class Worker:
    """Deeds deal with the failures they expect; any other is handed to `broke`, and the next deed is done."""

    def __init__(self, name: str, broke: Callable[[Exception], None]) -> None:
        self._broke = broke
        self._deeds: SimpleQueue[Deed | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def do(self, deed: Deed) -> None:
        self._deeds.put(deed)

    def close(self, seconds: float = 10.0) -> None:
        """Finishes what was begun; a deed that hangs in a device call dies with the process."""
        self._deeds.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        while deed := self._deeds.get():
            try:
                deed()
            except Exception as error:
                self._broke(error)
