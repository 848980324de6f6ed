"""Sanitises text from outside (a model, a file, a card, an error) before it is drawn.

Textual passes escape sequences on to the terminal, so foreign text is made visible here before a widget
gets it. The journal keeps the raw text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MAX_MARKS = 4
MAX_LINE = 20_000
HIDDEN = "·"
TAB = "    "

_BIDI = {
    0x202A: "LRE",
    0x202B: "RLE",
    0x202C: "PDF",
    0x202D: "LRO",
    0x202E: "RLO",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
    0x200E: "LRM",
    0x200F: "RLM",
    0x061C: "ALM",
}
_RUNS = re.compile(r"[ -~]{2,}|.", re.DOTALL)
_PRESENTATION = "\ufe0e\ufe0f"


def safe_text(text: str, multiline: bool = False) -> str:
    """A whole string made safe to draw. One line unless `multiline`, which keeps line breaks."""
    return Sanitiser(multiline).feed(text)


@dataclass
class Sanitiser:
    """Makes a stream of text safe piece by piece; keeps combining marks and line length between pieces."""

    multiline: bool = True
    marks: int = 0
    line_length: int = 0
    based: bool = False

    def feed(self, piece: str) -> str:
        """The visible form of the next piece."""
        if piece.isascii() and piece.isprintable():
            return self._plain(piece)
        return "".join(self._visible_runs(piece.replace("\r\n", "\n")))

    def feed_token(self, token: str) -> str:
        """A token's visible form, cut after `MAX_LINE` characters: only a hostile model has longer ones."""
        rest = len(token) - MAX_LINE
        return self.feed(token if rest <= 0 else f"{token[:MAX_LINE]}… and {rest:,} characters")

    def _visible_runs(self, piece: str) -> Iterator[str]:
        """Runs of printable ASCII are taken whole; only other characters need rules of their own."""
        for run in _RUNS.finditer(piece):
            yield self._visible(run[0]) if len(run[0]) == 1 else self._plain(run[0])
            # A single line that has been cut is over: a text of a megabyte costs no more than its beginning.
            if self.line_length > MAX_LINE and not self.multiline:
                return

    def _plain(self, piece: str) -> str:
        """Printable ASCII, the common case: only its length has to be limited."""
        room = MAX_LINE - self.line_length
        self._advance(len(piece))
        if self.line_length <= MAX_LINE:
            return piece
        if not self.multiline:
            return piece[:room] + "…" if room >= 0 else ""
        # The current line is filled up first; the rest is cut into lines of full length.
        lines = [piece[at : at + MAX_LINE] for at in range(room, len(piece), MAX_LINE)]
        self.line_length = len(lines[-1])
        return "\n".join([piece[:room], *lines])

    def _advance(self, length: int) -> None:
        if length:
            self.line_length += length
            self.marks, self.based = 0, True

    def _visible(self, char: str) -> str:
        if char == "\n" and self.multiline:
            self.line_length, self.marks, self.based = 0, 0, False
            return "\n"
        if unicodedata.category(char) in ("Mn", "Me"):
            return self._mark(char)
        shown = _drawable(char)
        self._advance(len(shown))
        return self._fold(shown)

    def _mark(self, char: str) -> str:
        """A combining mark: at most four per base character; without a base it gets a dotted circle."""
        if char in _PRESENTATION:
            return ""
        if not self.based:
            self._advance(1)
            return "◌" + char
        self.marks += 1
        return char if self.marks <= MAX_MARKS else ""

    def _fold(self, shown: str) -> str:
        """Break a line (or cut it, if only one is allowed) after `MAX_LINE` characters."""
        if self.line_length <= MAX_LINE:
            return shown
        if not self.multiline:
            return "…" if self.line_length - len(shown) <= MAX_LINE else ""
        self.line_length = len(shown)
        return "\n" + shown


def _drawable(char: str) -> str:
    """One character (no combining mark, no kept line break) in a form that is safe to draw."""
    code = ord(char)
    if char.isprintable():
        return char
    if char == "\t":
        return TAB
    if code < 0x20:
        # Unicode has the control pictures in the order of the control characters.
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code in _BIDI:
        return f"⟦{_BIDI[code]}⟧"
    return _rare_drawable(char, code)


def _rare_drawable(char: str, code: int) -> str:
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category == "Cf":
        return HIDDEN
    if category == "Cn":
        return "\N{REPLACEMENT CHARACTER}"
    if category == "Co":
        # Symbol fonts keep icons in the private use area of the BMP.
        return char if code < 0xF900 else "\N{REPLACEMENT CHARACTER}"
    if code < 0x100:
        # C1 controls such as CSI (0x9b) would act on a terminal.
        return f"\\x{code:02x}"
    return f"\\u{code:04x}"
