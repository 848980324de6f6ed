"""Progress on stderr: a bar on a terminal, elsewhere a line every few seconds; stdout is for data."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from typing import TextIO

from steertui.text import safe_text
from steertui.widgets.bars import progress_bar

WIDTH = 30
CLEAR = "\r\x1b[K"
EVERY_S = 8.0
"""Seconds between two lines without a terminal: ten are promised, and a busy machine is late."""


class ProgressLine:
    """Call it with (what, done, total). On a terminal it is one line, redrawn until the work is done.

    Without a terminal a thread writes lines, so that a log shows life in the middle of a long step too.
    """

    def __init__(self, stream: TextIO | None = None, every: float = EVERY_S) -> None:
        self.stream = stream or sys.stderr
        self.visible = self.stream.isatty()
        self._every = every
        self._began = time.monotonic()
        self._stage = _Stage("working")
        self._over = threading.Event()
        self._writer: threading.Thread | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        if what != self._stage.what or done < self._stage.done:
            self._stage = _Stage(what)
        self._stage.set_counts(done, total)
        if self.visible:
            bar = "".join(progress_bar(done, total, WIDTH))
            self._write(f"{CLEAR}{bar} {safe_text(what)} {done}/{total}" if total > 0 else f"{CLEAR}{what}")

    def note(self, words: str) -> None:
        """Write a line that stays."""
        self._write(f"{CLEAR if self.visible else ''}{safe_text(words)}\n")

    def __enter__(self) -> ProgressLine:
        if not self.visible:
            self._writer = threading.Thread(target=self._write_lines, name="progress", daemon=True)
            self._writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._writer is not None:
            self._writer.join()
        if self.visible:
            self._write(CLEAR)

    def _write_lines(self) -> None:
        # A stream that was closed meanwhile has no reader who could miss the lines.
        with suppress(OSError, ValueError):
            while not self._over.wait(self._every):
                passed = time.monotonic() - self._began
                self._write(f"{passed:.0f} s: {safe_text(self._stage.words())}\n")

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


class _Stage:
    """What is being done, how much of it, and since when."""

    def __init__(self, what: str) -> None:
        self.what, self.done, self.total = what, 0, 0
        self._first: tuple[float, int] | None = None
        self._last = 0.0

    def set_counts(self, done: int, total: int) -> None:
        self.done, self.total, self._last = done, total, time.monotonic()
        # The first report may count what an earlier run has done.
        self._first = self._first or (self._last, done)

    def words(self) -> str:
        """With rate and time left, once both are known."""
        if self.total <= 0:
            return self.what
        counts = f"{self.what} {self.done}/{self.total}"
        if self._first is None or self.done <= self._first[1] or self._last <= self._first[0]:
            return counts
        rate = (self.done - self._first[1]) / (self._last - self._first[0])
        pace = f"{rate:.3g}/s" if rate >= 0.1 else f"{60 * rate:.2g}/min"
        left = max(0.0, (self.total - self.done) / rate - (time.monotonic() - self._last))
        return f"{counts}, {pace}, {left:.0f} s left" if self.done < self.total else counts
