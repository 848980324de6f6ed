"""The app in a real pseudo-terminal: what it paints, what it loads, and how it leaves when it is told to go."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
import pytest

from steertui.engine.launch import probe
from tests.steertui import scripted_engine
from tests.steertui.scripted_engine import Studio

APP = "import sys; from steertui.app import run; sys.exit(run(socket=sys.argv[1]))"
LEAVES_ALTERNATE_SCREEN, RELEASES_MOUSE = b"\x1b[?1049l", b"\x1b[?1000l"
SIZE = (36, 120)


class Terminal:
    """A child on a pty, and the screen a user would see."""

    def __init__(self, *arguments: str) -> None:
        self.screen = pyte.Screen(SIZE[1], SIZE[0])
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execv(sys.executable, [sys.executable, "-c", APP, *arguments])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def read(self) -> bool:
        """What is there; False when the child has gone."""
        if select.select([self.fd], [], [], 0.02)[0]:
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                return False
            self.raw += data
            # pyte does not know the private modes with a `>` or `$` in them and would print their tails.
            self.stream.feed(data.replace(b"\x1b[>", b"\x1b[").replace(b"$p", b"h"))
            return bool(data)
        return True

    def until(self, true: Callable[[], object], seconds: float = 20) -> None:
        limit = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < limit, f"waited in vain:\n{self.text}"
            assert self.read() or true(), f"it left:\n{self.text}"

    def press(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def leave(self) -> int:
        """Reads to the end; the exit code."""
        while self.read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextmanager
def terminal(path: Path) -> Iterator[Terminal]:
    child = Terminal(str(path))
    try:
        yield child
    finally:
        try:
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(child.fd)


@pytest.fixture
def studio() -> Studio:
    studio = Studio()
    studio.loaded.set()
    return studio


def test_it_speaks_in_a_terminal_without_torch_and_comes_back_after_a_hang_up(studio: Studio) -> None:
    with scripted_engine.engine(studio) as engine:
        with terminal(engine.path) as first:
            first.until(lambda: "transcript" in first.text and "IDLE" in first.text)
            first.press(b"hello there\r")
            first.until(lambda: "GEN" in first.text)
            studio.metronome.tick(6)
            first.until(lambda: "I will not give up" in first.text)
            assert "libtorch" not in Path(f"/proc/{first.pid}/maps").read_text()
            os.kill(first.pid, signal.SIGHUP)
            assert first.leave() == 129
            assert LEAVES_ALTERNATE_SCREEN in first.raw
            assert RELEASES_MOUSE in first.raw
        found = probe(engine.path)
        assert found is not None
        assert found.state == "generating"
        with terminal(engine.path) as second:
            second.until(lambda: "hello there" in second.text and "I will not give up" in second.text)
            os.kill(second.pid, signal.SIGTERM)
            assert second.leave() == 143
            assert LEAVES_ALTERNATE_SCREEN in second.raw


def test_a_terminal_that_is_closed_takes_the_app_along(studio: Studio) -> None:
    with scripted_engine.engine(studio) as engine, terminal(engine.path) as child:
        child.until(lambda: "transcript" in child.text and "IDLE" in child.text)
        os.close(child.fd)
        child.fd = os.open(os.devnull, os.O_RDONLY)
        assert os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1]) == 129
