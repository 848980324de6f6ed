"""What a transcript is made of, in the order it happened; how wide the terminal is does not matter here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

NOT_GENERATED = -1
UNMEASURED: Mapping[str, float] = MappingProxyType({})
"""One for all: the collector walks every object of a long talk."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Somebody starts to speak: `you`, `asst`, or whatever label the turn carries. `inside`: within an answer, which
    goes on; a turn that was thrown in, and the model after it.
    """

    role: str
    inside: bool = False


@dataclass(slots=True)
class Piece:
    """Text as it arrived: one token of the answer that is turn `turn`, or a whole turn that was typed (`index` −1).

    `origin`: words that were put there, thrown in while the model spoke or put into its mouth before it began.
    Colour arrives later than text (a projection is measured by the next forward pass), hence not frozen.
    `line` is where its end was drawn.
    """

    text: str
    index: int = NOT_GENERATED
    turn: int = NOT_GENERATED
    projections: Mapping[str, float] = field(default_factory=lambda: UNMEASURED)
    origin: Literal["", "injected", "prefilled"] = ""
    line: int = NOT_GENERATED


@dataclass(frozen=True, slots=True)
class Marker:
    """A change of the mixer, drawn in front of the first token that was made under it. `lasting`: it tells what hands
    did to the answer and stays when tokens are taken back.
    """

    text: str
    at: int | None = None
    lasting: bool = False

    @property
    def chip(self) -> str:
        """The short form, for changes that follow each other within a few words: only what is new. A flip and
        a distractor have none.
        """
        return "" if self.text.startswith(("FLIP", "DISTRACTOR")) else self.text.rpartition("→ ")[2]


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the house itself: why an answer stopped, what waits, what went wrong."""

    text: str
    tone: str = "quiet"


Item: TypeAlias = Speech | Piece | Marker | Note


class Document:
    """The items; appending is the common case, a marker that comes late finds its place among the tokens."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._answer = 0

    def append(self, item: Item) -> None:
        if isinstance(item, Speech) and not item.inside:
            self._answer = len(self.items)
        self.items.append(item)

    def place(self, marker: Marker) -> bool:
        """Put a marker at its token; True when it was the end of the document, False when it went further up."""
        for position in range(self._answer, len(self.items)):
            item = self.items[position]
            if isinstance(item, Piece) and marker.at is not None and item.index >= marker.at:
                self.items.insert(position, marker)
                return False
            if isinstance(item, Marker) and item.at == marker.at and _subject(item) == _subject(marker):
                self.items[position] = marker
                return False
        self.append(marker)
        return True

    def piece(self, index: int) -> Piece | None:
        """A token of the newest answer; it is nearly always among the last few."""
        for item in reversed(self.items):
            if isinstance(item, Speech) and not item.inside:
                return None
            if isinstance(item, Piece) and item.index == index:
                return item
        return None

    def last_answer(self) -> str:
        """The newest answer as plain text."""
        return "".join(
            item.text for item in self.items[self._answer :] if isinstance(item, Piece) and item.index >= 0
        )

    def rewind(self, index: int) -> None:
        """Forget the tokens of the newest answer from `index` on, with what was changed or thrown in among them."""
        kept: list[Item] = []
        undone = False
        for item in self.items[self._answer :]:
            if isinstance(item, Marker):
                undone = item.at is not None and item.at > index and not item.lasting
            if not (undone and _depends(item)) and not (isinstance(item, Piece) and item.index >= index):
                kept.append(item)
        self.items[self._answer :] = kept

    def drop_notes(self, *tones: str) -> None:
        """Take back the notes of these tones: what they said has come true."""
        self.items = [item for item in self.items if not (isinstance(item, Note) and item.tone in tones)]
        starts = [
            place for place, item in enumerate(self.items) if isinstance(item, Speech) and not item.inside
        ]
        self._answer = starts[-1] if starts else 0

    def clear(self) -> None:
        self.items.clear()
        self._answer = 0


def _depends(item: Item) -> bool:
    """Whether it stands and falls with the last marker: the marker itself, and the words that came by it."""
    if isinstance(item, Speech):
        return item.inside
    return isinstance(item, Marker) or (isinstance(item, Piece) and item.origin == "injected")


def _subject(marker: Marker) -> str:
    """What a marker is about: of two changes of one thing at one token only the later was ever in force."""
    subject, arrow, _ = marker.text.rpartition(" → ")
    return subject if arrow else marker.text
