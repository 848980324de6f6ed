"""What it costs the tokens that somebody is attached: nobody, one who reads nothing, one who reads along as the app."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import steertui
from bench.arms import Lap
from bench.running import Running
from sessions.journal import events as ev
from sessions.journal.reader import read
from sessions.state.state import ROOT
from steertui.engine import protocol

NOBODY, DEAF, ATTENTIVE = "nobody attached", "one who reads nothing", "one who reads along"
ANSWER = {"max_new_tokens": 1500, "ignore_end": True}
GLANCE_S = 0.05


class Asker:
    """Asks for answers, and is gone while they are spoken."""

    def __init__(self, engine: Running) -> None:
        self._engine, self._unread = engine, 0

    @property
    def unread(self) -> int:
        """Bytes that waited for the one who reads nothing."""
        return self._unread

    def lap(self, name: str) -> Lap:
        """One answer in that company, in a session of its own."""
        with steertui.connect(socket=self._engine.path) as writer:
            writer.ask("session.new")
        with _company(name, self._engine.path) as attached:
            before = self._engine.cpu()
            with steertui.connect(socket=self._engine.path) as writer:
                folder = Path(writer.ask("status")["folder"])
                writer.ask("chat", text="go", parent=ROOT, settings=ANSWER)
            stop = _stop(folder)
            spent = self._engine.cpu() - before
            if isinstance(attached, socket.socket):
                self._unread = _waiting(attached)
        return Lap(spent, stop.wall_ms / 1000, stop.tokens)


def _company(name: str, path: Path) -> AbstractContextManager[Any]:
    if name == DEAF:
        return _deaf(path)
    return steertui.connect(socket=path, role="observer") if name == ATTENTIVE else nullcontext()


@contextmanager
def _deaf(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(path))
        line.sendall(protocol.greeting_frame(protocol.Hello(role="observer")))
        yield line


def _waiting(line: socket.socket) -> int:
    return int(struct.unpack("i", fcntl.ioctl(line, termios.FIONREAD, b"\0" * 4))[0])


def _stop(folder: Path) -> ev.AnswerStopped:
    """How the answer ended, once it has: looked up in the journal, so that nobody need be attached to see it."""
    journal = folder / "journal.jsonl"
    while b'"t":"stop"' not in journal.read_bytes():
        time.sleep(GLANCE_S)
    return next(
        record.event for record in read(journal).records if isinstance(record.event, ev.AnswerStopped)
    )
