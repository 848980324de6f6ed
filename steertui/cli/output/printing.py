"""Output on stdout: a model's text, made safe for a terminal, and the report of a job."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from steertui.text import Sanitiser, safe_text


def print_report(args: argparse.Namespace, report: Mapping[str, Any], lines: Iterable[str]) -> None:
    """Print a JSON object or lines of text; nothing with --jsonl, which has printed the events already."""
    if args.json:
        sys.stdout.write(json.dumps(report) + "\n")
    elif not getattr(args, "jsonl", False):
        sys.stdout.write("\n".join(map(safe_text, lines)) + "\n")


class AnswerPrinter:
    """Prints an answer as it is generated and ends it with a line break."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        # Only a terminal obeys control characters; piped text stays exact.
        self._sanitiser = Sanitiser() if self.stream.isatty() else None
        self._printed = ""

    def write(self, piece: str) -> None:
        self._printed += piece
        self.stream.write(self._sanitiser.feed(piece) if self._sanitiser else piece)
        # stdout is buffered by line or block, but tokens should appear one by one.
        self.stream.flush()

    def end(self, text: str) -> None:
        """Print the rest of the text; the last characters may have been held back until they were
        complete.
        """
        self.write(text[len(self._printed) :])
        if not self._printed.endswith("\n"):
            self.write("\n")
