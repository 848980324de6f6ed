"""Incremental line wrapping: new text only changes the last line; a new width wraps everything again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from rich.cells import cell_len
from textual.strip import Strip

from steertui.widgets.transcript.document import (
    Item,
    TextPiece,
    ThoughtLength,
    TranscriptMarker,
    TranscriptNote,
    TranscriptTurn,
)

GUTTER = 5
CHIP_WITHIN = 12
"""A marker within this many tokens of the last one is written inline as a chip: many full markers would
break up the sentence.
"""

COUNTED = 16
"""Tokens after which the length above an unfolded thought is drawn again: that draws the whole thought."""

Owner: TypeAlias = TextPiece | TranscriptMarker | ThoughtLength | None
_SEGMENTS = re.compile(r"\n| +|[^ \n]+")


@dataclass(slots=True)
class LayoutLine:
    """One row of the transcript. `soft`: the sentence continues on the next row."""

    kind: str
    gutter: str = ""
    runs: list[tuple[str, Owner]] = field(default_factory=list)
    cells: int = 0
    soft: bool = False
    tail: str = ""
    strip: Strip | None = None

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.runs)


class TranscriptLayout:
    """The wrapped lines of a document at one width; of a `folded` thought only its length is shown."""

    def __init__(self, width: int, folded: bool = False) -> None:
        self.width, self.folded = max(width, 1), folded
        self.lines: list[LayoutLine] = []
        self._word = 0
        self._open = False
        self._marked: int | None = None
        self._thought: tuple[ThoughtLength, LayoutLine] | None = None
        self._after_thought = False

    def fold(self, items: Iterable[Item]) -> None:
        for item in items:
            self.add(item)

    def add(self, item: Item) -> int:
        """Lay out one more item; returns the number of the first line that changed."""
        before = len(self.lines)
        match item:
            case TranscriptTurn(role):
                self._gap()
                self._marked, self._thought, self._after_thought = None, None, False
                self._start(LayoutLine("you" if role == "you" else "asst", role[: GUTTER - 1].ljust(GUTTER)))
                return before
            case TranscriptMarker():
                return self._add_marker(item)
            case TranscriptNote(text, tone):
                self._gap(only_after="you asst")
                self._start(LayoutLine(tone, " " * GUTTER))
                self._put_text(text, None)
                self._open = False
                return before
            case TextPiece():
                return self._add_piece(item)

    def _add_piece(self, piece: TextPiece) -> int:
        if piece.is_thought:
            return self._add_thought(piece)
        first = self._end_thought()
        self._open_line()
        touched, text = len(self.lines) - 1, piece.text
        if self._after_thought:
            # A template's empty lines between thought and answer; the answer has a line of its own already.
            text = text.lstrip()
            self._after_thought = not text
            piece.line = touched
        self._put_text(text, piece)
        return min(first, touched)

    def _open_line(self) -> None:
        if not self._open:
            kind = next((line.kind for line in reversed(self.lines) if line.kind in ("you", "asst")), "asst")
            self._start(LayoutLine(kind, " " * GUTTER))

    def _add_thought(self, piece: TextPiece) -> int:
        """Count a token of a thought, and show it unless thoughts are folded."""
        touched = len(self.lines) - 1
        if self._thought is None:
            touched = self._begin_thought()
        assert self._thought is not None
        length, line = self._thought
        length.tokens += piece.index >= 0
        piece.line = len(self.lines) - 1
        if not self.folded:
            self._open_line()
            touched = min(touched, len(self.lines) - 1)
            self._put_text(piece.text, piece)
        if self.folded or length.tokens % COUNTED == 1:
            return min(touched, self._write_length(length, line))
        return touched

    def _begin_thought(self) -> int:
        """A line for the length; the thought, or the answer after a folded one, goes on below it."""
        self._open_line()
        if self.lines[-1].runs:
            self._wrap(soft=False)
        line, length = self.lines[-1], ThoughtLength()
        self._thought, self._after_thought = (length, line), False
        self._append_run(length.text(self.folded), length)
        self._wrap(soft=False)
        return len(self.lines) - 2

    def _end_thought(self) -> int:
        """The answer goes on in a new line; the first line that changed."""
        if self._thought is None:
            return len(self.lines)
        (length, line), self._thought = self._thought, None
        first = self._write_length(length, line)
        self._after_thought = True
        if self._open and self.lines[-1].runs:
            self._wrap(soft=False)
        return first

    def _write_length(self, length: ThoughtLength, line: LayoutLine) -> int:
        text = length.text(self.folded)
        line.runs, line.cells, line.strip = [(text, length)], cell_len(text), None
        # Searched from the end, where the thought that is being written is.
        return next(number for number in reversed(range(len(self.lines))) if self.lines[number] is line)

    def _add_marker(self, marker: TranscriptMarker) -> int:
        """Add a marker as a line across the text; markers at the start of an answer go above it."""
        last = self.lines[-1] if self.lines else None
        close, self._marked = self._follows_closely(marker), marker.at
        if close and last is not None and last.runs:
            # Lines break at plain spaces only, so no-break spaces keep the chip in one piece.
            self._put_text(f" ⟨{marker.chip}⟩".replace(" ", "\N{NO-BREAK SPACE}"), marker)
            return len(self.lines) - 1
        line = LayoutLine("marker", tail="" if marker.at is None else f"t {marker.at}")
        line.runs = [(marker.text, None)]
        # The open line is still empty, so the marker goes above it.
        if last is not None and self._open and not last.runs:
            self.lines.insert(len(self.lines) - 1, line)
            last.strip = None
            return len(self.lines) - 2
        self._start(line)
        self._open = False
        return len(self.lines) - 1

    def _follows_closely(self, marker: TranscriptMarker) -> bool:
        if not (self._open and marker.chip and marker.at is not None and self._marked is not None):
            return False
        return 0 <= marker.at - self._marked < CHIP_WITHIN

    def _gap(self, only_after: str = "") -> None:
        wanted = self.lines and (not only_after or self.lines[-1].kind in only_after.split())
        if wanted and self.lines[-1].kind != "blank":
            self.lines.append(LayoutLine("blank"))

    def _start(self, line: LayoutLine) -> None:
        self.lines.append(line)
        self._word, self._open = 0, True

    def _put_text(self, text: str, owner: Owner) -> None:
        for segment in _SEGMENTS.findall(text):
            if segment == "\n":
                self._wrap(soft=False)
            elif segment[0] == " ":
                self._put_spaces(segment, owner)
            else:
                self._put_word(segment, owner)

    def _put_spaces(self, segment: str, owner: Owner) -> None:
        """Spaces are dropped at the start of a wrapped line and never cause a wrap."""
        line = self.lines[-1]
        if not line.runs and line.gutter.isspace() and self._continues():
            return
        self._append_run(segment[: self.width - line.cells], owner)
        self._word = len(line.runs)

    def _continues(self) -> bool:
        previous = self.lines[-2] if len(self.lines) > 1 else None
        return previous is not None and (previous.soft or previous.kind not in ("you", "asst", "blank"))

    def _put_word(self, segment: str, owner: Owner) -> None:
        cells = cell_len(segment)
        # The word may have begun in earlier tokens; its runs from `_word` on move together.
        if self.lines[-1].cells + cells > self.width and self._word:
            self._carry_word()
        # A word longer than two lines fills whole lines, which are cut without looking at each character.
        if cells > 2 * self.width and (each := _uniform_width(segment, cells)):
            segment = self._put_whole_lines(segment, each, owner)
            cells = each * len(segment)
        # A word longer than a line is split.
        while self.lines[-1].cells + cells > self.width:
            room = self.width - self.lines[-1].cells
            head, segment = _split_at_cells(segment, room, at_least=0 if self.lines[-1].cells else 1)
            self._append_run(head, owner)
            self._wrap(soft=True)
            cells -= cell_len(head)
        self._append_run(segment, owner)

    def _put_whole_lines(self, word: str, each: int, owner: Owner) -> str:
        """Fill the open line and those after it with characters of `each` cells; returns the end of the word,
        which does not fill a line.
        """
        line = self.lines[-1]
        # An empty line takes a character even where it is wider than the line.
        start = max((self.width - line.cells) // each, 0 if line.cells else 1)
        self._append_run(word[:start], owner)
        size = max(self.width // each, 1)
        end = start + (len(word) - start - 1) // size * size
        gutter = " " * len(line.gutter)
        line.soft, line.strip = True, None
        self.lines += [
            LayoutLine(line.kind, gutter, [(word[at : at + size], owner)], each * size, soft=True)
            for at in range(start, end, size)
        ]
        self._start(LayoutLine(line.kind, gutter))
        return word[end:]

    def _carry_word(self) -> None:
        """Move the unfinished word to a new line."""
        line = self.lines[-1]
        word = line.runs[self._word :]
        del line.runs[self._word :]
        line.cells -= sum(cell_len(text) for text, _ in word)
        self._wrap(soft=True)
        for text, owner in word:
            self._append_run(text, owner)

    def _wrap(self, soft: bool) -> None:
        line = self.lines[-1]
        line.soft, line.strip = soft, None
        self._start(LayoutLine(line.kind, " " * len(line.gutter)))

    def _append_run(self, text: str, owner: Owner) -> None:
        if text:
            line = self.lines[-1]
            line.runs.append((text, owner))
            line.cells += cell_len(text)
            line.strip = None
            if isinstance(owner, TextPiece):
                owner.line = len(self.lines) - 1


def _uniform_width(word: str, cells: int) -> int:
    """The width of every character of a word that is `cells` wide, or 0 if they differ."""
    widths = {cell_len(char) for char in set(word)}
    # Characters that join (a flag, a skin colour) are wider one by one than together.
    return widths.pop() if widths == {cells / len(word)} else 0


def _split_at_cells(text: str, cells: int, at_least: int) -> tuple[str, str]:
    """Split text so that the head fits; an empty line always takes one character, so that wrapping
    terminates.
    """
    taken = 0
    for position, char in enumerate(text):
        taken += cell_len(char)
        if taken > cells:
            place = max(position, at_least)
            return text[:place], text[place:]
    return text, ""
