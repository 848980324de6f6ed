"""What goes to stdout: the words of a model, harmless where a terminal shows them, and what a job has found."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from steertui.text import Sanitiser, safe_text


def print_report(args: argparse.Namespace, report: Mapping[str, Any], lines: Iterable[str]) -> None:
    """An object for a program or lines for a person; --jsonl has told everything already."""
    if args.json:
        sys.stdout.write(json.dumps(report) + "\n")
    elif not getattr(args, "jsonl", False):
        sys.stdout.write("\n".join(map(safe_text, lines)) + "\n")


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
