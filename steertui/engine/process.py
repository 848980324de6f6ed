"""The engine as a process of its own: it outlives the terminal that started it, and says in its log how it went."""

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
from sessions.residence import Residence
from sessions.studio import Studio
from steertui.engine.host import Host
from steertui.engine.server import Server
from steertui.engine.sockets import Door
from vectors.claude import access

LOG = logging.getLogger(__name__)
SWITCH_S = 0.0005
"""How long one thread may keep the interpreter: a dial waits at most this long for Python code of the decode thread."""


@dataclass(frozen=True)
class Engine:
    """What an engine is started with. `sessions`: where it records, None for nowhere."""

    door: Door
    studio: Studio
    sessions: Path | None
    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    idle_exit: float | None = None

    def run(self) -> int:
        """Until told to stop. The lock comes first: the loser of a race must not touch the winner's socket."""
        lock = self.door.lock()
        _toughen()
        access.PROGRAM = "the engine"
        with self.door.bind() as door:
            try:
                reason = asyncio.run(self.serve(door, _heed_signals))
            finally:
                self.door.path.unlink(missing_ok=True)
                os.close(lock)
        LOG.info("engine %s: %s", self.door.name, reason)
        return 0

    async def serve(self, door: socket.socket, started: Callable[[Server], None]) -> str:
        """On the loop of whoever calls; `started` gets the server as soon as clients may come."""
        host = Host(Residence(self.studio), self.sessions)
        server = Server(host, self.door.name, idle_exit=self.idle_exit)
        try:
            return await server.serve(door, lambda: self._begin(host, server, started))
        finally:
            await asyncio.to_thread(host.close, server.reason)

    def _begin(self, host: Host, server: Server, started: Callable[[Server], None]) -> None:
        started(server)
        self._load(host)

    def _load(self, host: Host) -> None:
        LOG.info("engine %s: process %d, session %s", self.door.name, os.getpid(), host.journal.session)
        if self.model is None:
            return
        try:
            host.session.load_model(self.model, self.options)
        except SteerError as error:
            LOG.error("engine %s: %s", self.door.name, error)


def _heed_signals(server: Server) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.end, f"ended by {number.name}")


def _toughen() -> None:
    """A hang-up is not for us, a crash must not write what was said into a core file."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.setswitchinterval(SWITCH_S)
    threading.excepthook = _filed


def _filed(what: threading.ExceptHookArgs) -> None:
    """A traceback passes through the log's formatter, which blanks keys."""
    if what.exc_value:
        LOG.error("thread %s ended", what.thread and what.thread.name, exc_info=what.exc_value)
