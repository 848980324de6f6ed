"""An engine in the client's own process, with the same protocol over the same kind of socket; for notebooks
and tests.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from core.errors import EngineUnavailable
from sessions.live.torch_backend import TorchBackend
from steertui import paths
from steertui.engine.process import EngineProcess
from steertui.engine.server import EngineServer
from steertui.engine.sockets import EngineSocket


def start_inline(
    model: str, options: Mapping[str, Any] | None = None, *, record: bool = True
) -> InlineEngine:
    """Start an engine that runs until it is closed or this process ends."""
    door = EngineSocket(paths.runtime_folder(), f"inline-{os.getpid()}")
    return InlineEngine(
        EngineProcess(door, TorchBackend(), paths.sessions_path() if record else None, model, options or {})
    )


class InlineEngine:
    """Runs an engine on its own thread until it is closed."""

    def __init__(self, engine: EngineProcess) -> None:
        self.engine = engine
        self.server: EngineServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._lock = engine.endpoint.lock()
        self._thread = threading.Thread(target=self._run, name="inline-engine", daemon=True)
        self._thread.start()
        # `_ready` is also set when the thread fails, so a failed start does not wait for the limit.
        if not self._ready.wait(30) or self.server is None:
            raise EngineUnavailable(f"the engine {engine.endpoint.name} did not start")

    @property
    def path(self) -> Path:
        return self.engine.endpoint.path

    def close(self) -> None:
        if self._loop and self.server and self._thread.is_alive():
            # The server belongs to the loop of its thread; asyncio objects are not thread-safe.
            self._loop.call_soon_threadsafe(self.server.end, "closed")
        self._thread.join()

    def __enter__(self) -> InlineEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            with self.engine.endpoint.bind() as door:
                asyncio.run(self.engine.serve(door, self._started))
        finally:
            # Before the lock is released: afterwards the path may belong to another engine.
            self.path.unlink(missing_ok=True)
            os.close(self._lock)
            self._ready.set()

    def _started(self, server: EngineServer) -> None:
        self.server, self._loop = server, asyncio.get_running_loop()
        self._ready.set()
