"""The engine process: it outlives the terminal that started it, and writes to a log."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import SteerError
from sessions.live.backend import ModelBackend
from sessions.live.model_host import ModelHost
from steertui.engine.host import SessionHost
from steertui.engine.server import EngineServer
from steertui.engine.sockets import EngineSocket
from vectors.claude import access

LOG = logging.getLogger(__name__)
SWITCH_S = 0.0005
"""The interpreter's thread switch interval: the longest that Python code of the decode thread delays a
mixer change.
"""


@dataclass(frozen=True)
class EngineProcess:
    """The parameters of an engine process. `sessions`: the folder for recordings, or None."""

    endpoint: EngineSocket
    backend: ModelBackend
    sessions: Path | None
    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    idle_exit: float | None = None

    def run(self) -> int:
        """Run until stopped. The lock is taken first, so that a second engine does not touch the first one's
        socket.
        """
        lock = self.endpoint.lock()
        _harden_process()
        access.PROGRAM = "the engine"
        with self.endpoint.bind() as door:
            try:
                reason = asyncio.run(self.serve(door, _handle_signals))
            finally:
                # Before the lock is released: afterwards the path may belong to another engine.
                self.endpoint.path.unlink(missing_ok=True)
                os.close(lock)
        LOG.info("engine %s: %s", self.endpoint.name, reason)
        return 0

    async def serve(self, door: socket.socket, started: Callable[[EngineServer], None]) -> str:
        """Serve on the current event loop; `started` gets the server when clients can connect."""
        host = SessionHost(ModelHost(self.backend), self.sessions)
        server = EngineServer(host, self.endpoint.name, idle_exit=self.idle_exit)
        try:
            return await server.serve(door, lambda: self._on_started(host, server, started))
        finally:
            # Closing blocks, so it runs on a thread.
            await asyncio.to_thread(host.close, server.reason)

    def _on_started(
        self, host: SessionHost, server: EngineServer, started: Callable[[EngineServer], None]
    ) -> None:
        # Clients can connect before the model is loaded.
        started(server)
        self._load_model(host)

    def _load_model(self, host: SessionHost) -> None:
        LOG.info("engine %s: process %d, session %s", self.endpoint.name, os.getpid(), host.journal.session)
        if self.model is None:
            return
        try:
            host.session.load_model(self.model, self.options)
        except SteerError as error:
            LOG.error("engine %s: %s", self.endpoint.name, error)


def _handle_signals(server: EngineServer) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Handled by the loop, so clients are notified and the session is closed.
        loop.add_signal_handler(number, server.end, f"ended by {number.name}")


def _harden_process() -> None:
    """Ignore SIGHUP, disable core dumps (they would contain conversations), and log thread errors."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.setswitchinterval(SWITCH_S)
    threading.excepthook = _log_thread_error


def _log_thread_error(what: threading.ExceptHookArgs) -> None:
    """Log a thread's exception; the log formatter blanks API keys."""
    if what.exc_value:
        LOG.error("thread %s ended", what.thread and what.thread.name, exc_info=what.exc_value)
