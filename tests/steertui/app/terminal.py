"""A child on a real pseudo-terminal: what it paints, as a user would see it, and keys as a user types them."""

from __future__ import annotations

import fcntl
import os
import pty
import queue
import select
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyte

SIZE = (36, 120)


class Terminal:
    """`words` follow the interpreter's name. Sizes are (rows, columns)."""

    chunk = 1 << 16

    def __init__(
        self, *words: str, size: tuple[int, int] = SIZE, environment: Mapping[str, str] | None = None
    ) -> None:
        self.screen = pyte.Screen(size[1], size[0])
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # `execve`: readline has put its own COLUMNS and LINES where only `execv` finds them.
            told = os.environ | {"TERM": "xterm-256color", **(environment or {})}
            os.execve(sys.executable, [sys.executable, *words], told)
        self._is(size)

    def resize(self, rows: int, columns: int) -> None:
        """The kernel tells the child, as it does when a window is dragged."""
        self.screen.resize(rows, columns)
        self._is((rows, columns))

    def _is(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

    @property
    def rows(self) -> list[str]:
        """What is drawn; a marker among words is held together by spaces that do not break."""
        return [row.replace("\u00a0", " ") for row in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    def pending(self) -> bool:
        """Whether there is more to read: half a frame may have been drawn."""
        return bool(select.select([self.fd], [], [], 0.02)[0])

    def read(self) -> bool:
        """What is there; False when the child has gone."""
        if self.pending():
            try:
                data = os.read(self.fd, self.chunk)
            except OSError:
                return False
            self._paint(data)
            return bool(data)
        return True

    def _paint(self, data: bytes) -> None:
        self.raw += data
        # pyte does not know the private modes with a `>` or `$` in them and would print their tails.
        self.stream.feed(data.replace(b"\x1b[>", b"\x1b[").replace(b"$p", b"h"))

    def close(self) -> None:
        """When the child has gone."""
        os.close(self.fd)

    def until(self, true: Callable[[], object], seconds: float = 300) -> None:
        """Reads on until it is so; a hang is a failure, not a timing."""
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


class Line(Terminal):
    """A terminal at the end of a line that carries so many bytes a second, and that says where its cursor is.

    The line is a thread: how long the test takes to paint and to look is no part of it.
    """

    rate = 1 << 20
    question = b"\x1b[6n"

    def __init__(self, *words: str, **how: Any) -> None:
        super().__init__(*words, **how)
        self._came: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._line = threading.Thread(target=self._carry, daemon=True)
        self._line.start()

    def _carry(self) -> None:
        before, data = b"", b"-"
        while data:
            began = time.monotonic()
            try:
                data = os.read(self.fd, self.chunk)
            except OSError:
                data = b""
            time.sleep(max(0.0, began + len(data) / self.rate - time.monotonic()))
            for _ in range((before + data).count(self.question)):
                self.press(b"\x1b[1;1R")
            before = data[1 - len(self.question) :]
            self._came.put(data)

    def read(self) -> bool:
        try:
            data = self._came.get(timeout=0.02)
        except queue.Empty:
            return True
        self._paint(data)
        return bool(data)

    def close(self) -> None:
        self._line.join()
        super().close()


@contextmanager
def terminal(
    *words: str,
    size: tuple[int, int] = SIZE,
    environment: Mapping[str, str] | None = None,
    kind: type[Terminal] = Terminal,
) -> Iterator[Terminal]:
    child = kind(*words, size=size, environment=environment)
    try:
        yield child
    finally:
        try:
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        child.close()
