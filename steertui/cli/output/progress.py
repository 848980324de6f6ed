"""A progress bar on stderr, only on a terminal; stdout is for data."""

from __future__ import annotations

import sys
from typing import TextIO

from steertui.text import safe_text
from steertui.widgets.bars import progress_bar

WIDTH = 30
CLEAR = "\r\x1b[K"


class ProgressLine:
    """One line that is redrawn until the work is done: call it with (what, done, total)."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.visible = self.stream.isatty()

    def __call__(self, what: str, done: int, total: int) -> None:
        if self.visible:
            bar = "".join(progress_bar(done, total, WIDTH))
            self.stream.write(
                f"{CLEAR}{bar} {safe_text(what)} {done}/{total}" if total > 0 else f"{CLEAR}{what}"
            )
            self.stream.flush()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self.visible:
            self.stream.write(CLEAR)
            self.stream.flush()
