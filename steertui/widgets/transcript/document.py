"""The items of a transcript in order, independent of the terminal's width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

NOT_GENERATED = -1
UNMEASURED: Mapping[str, float] = MappingProxyType({})
"""One shared empty mapping: fewer objects for the garbage collector in a long session."""


@dataclass(frozen=True, slots=True)
class TranscriptTurn:
    """The start of a turn: `you`, `asst`, or the turn's own label. `inside`: it lies within an answer that
    goes on, i.e. an inserted turn or the model's continuation after it.
    """

    role: str
    inside: bool = False


@dataclass(slots=True)
class TextPiece:
    """A piece of text: one token of answer `turn`, or a whole typed turn (`index` −1).

    `origin` marks text that the model did not generate: injected during the answer, or prefilled before
    it. Projections arrive later than the text (the next forward pass measures them), hence not frozen.
    `line` is the line its end is on. `region` is thinking or tool, empty in the answer.
    """

    text: str
    index: int = NOT_GENERATED
    turn: int = NOT_GENERATED
    projections: Mapping[str, float] = field(default_factory=lambda: UNMEASURED)
    origin: Literal["", "injected", "prefilled"] = ""
    line: int = NOT_GENERATED
    region: str = ""

    @property
    def is_thought(self) -> bool:
        return self.region == "thinking"


@dataclass(slots=True)
class ThoughtLength:
    """The line above a thought, with the number of its tokens so far."""

    tokens: int = 0

    def text(self, folded: bool) -> str:
        return f"{'▸' if folded else '▾'} thought · {self.tokens} token{'' if self.tokens == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class TranscriptMarker:
    """A change of the mixer, drawn before the first token generated under it. `lasting`: a marker of an
    edit to the answer itself, which stays when tokens are rewound. `chip`: the short form, used when
    changes follow each other within a few words; without one the marker is always drawn in full.
    `setting`: what it is about; of two changes of one setting at one token only the later took effect.
    """

    text: str
    at: int | None = None
    lasting: bool = False
    chip: str = ""
    setting: str = ""


@dataclass(frozen=True, slots=True)
class TranscriptNote:
    """A notice of the app: why an answer stopped, what is queued, what failed."""

    text: str
    tone: str = "quiet"


Item: TypeAlias = TranscriptTurn | TextPiece | TranscriptMarker | TranscriptNote


class TranscriptDocument:
    """The list of items. Items are appended; only a late marker is inserted before its token."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._answer = 0

    def append(self, item: Item) -> None:
        if isinstance(item, TranscriptTurn) and not item.inside:
            self._answer = len(self.items)
        self.items.append(item)

    def insert_marker(self, marker: TranscriptMarker) -> bool:
        """Insert a marker at its token. True if it was appended at the end, False if it went further up."""
        for position in range(self._answer, len(self.items)):
            item = self.items[position]
            if isinstance(item, TextPiece) and marker.at is not None and item.index >= marker.at:
                self.items.insert(position, marker)
                return False
            if (
                isinstance(item, TranscriptMarker)
                and item.at == marker.at
                and (item.setting or item.text) == (marker.setting or marker.text)
            ):
                self.items[position] = marker
                return False
        self.append(marker)
        return True

    def piece(self, index: int) -> TextPiece | None:
        """A token of the newest answer; searched from the end, where it nearly always is."""
        for item in reversed(self.items):
            if isinstance(item, TranscriptTurn) and not item.inside:
                return None
            if isinstance(item, TextPiece) and item.index == index:
                return item
        return None

    def last_answer(self) -> str:
        """The newest answer as plain text, without its thoughts."""
        pieces = [
            item for item in self.items[self._answer :] if isinstance(item, TextPiece) and item.index >= 0
        ]
        text = "".join(piece.text for piece in pieces if not piece.is_thought)
        return text.lstrip() if any(piece.is_thought for piece in pieces) else text

    def rewind(self, index: int) -> None:
        """Remove the newest answer's tokens from `index` on, with the markers and injected text among
        them.
        """
        kept: list[Item] = []
        undone = False
        for item in self.items[self._answer :]:
            if isinstance(item, TranscriptMarker):
                # Text that was injected follows its marker and goes with it.
                undone = item.at is not None and item.at > index and not item.lasting
            if not (undone and _belongs_to_marker(item)) and not (
                isinstance(item, TextPiece) and item.index >= index
            ):
                kept.append(item)
        self.items[self._answer :] = kept

    def drop_notes(self, *tones: str) -> None:
        """Remove the notes of these tones, which no longer apply."""
        self.items = [
            item for item in self.items if not (isinstance(item, TranscriptNote) and item.tone in tones)
        ]
        # The removed notes have moved the start of the newest answer.
        starts = [
            place
            for place, item in enumerate(self.items)
            if isinstance(item, TranscriptTurn) and not item.inside
        ]
        self._answer = starts[-1] if starts else 0

    def clear(self) -> None:
        self.items.clear()
        self._answer = 0


def _belongs_to_marker(item: Item) -> bool:
    """Whether an item is removed with the last marker: the marker itself, and the text injected with it."""
    if isinstance(item, TranscriptTurn):
        return item.inside
    return isinstance(item, TranscriptMarker) or (isinstance(item, TextPiece) and item.origin == "injected")
