"""A model's words on stdout: as they are into a pipe, harmless onto a terminal."""

from __future__ import annotations

import sys
from typing import TextIO

from steertui.text import Sanitiser


class Printer:
    """Prints an answer piece by piece and ends it with a line break."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self._sanitiser = Sanitiser() if self.stream.isatty() else None
        self._printed = ""

    def write(self, piece: str) -> None:
        self._printed += piece
        self.stream.write(self._sanitiser.feed(piece) if self._sanitiser else piece)
        self.stream.flush()

    def end(self, text: str) -> None:
        """The rest of the whole text: an answer may hold back its last characters until it knows they are whole."""
        self.write(text[len(self._printed) :])
        if not self._printed.endswith("\n"):
            self.write("\n")
