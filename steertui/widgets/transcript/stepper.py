"""Moves a cursor through a document by token, or by mixer change, across turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from steertui.widgets.transcript.document import Item, TextPiece, TranscriptMarker


def next_token(items: Sequence[Item], piece: TextPiece | None, change: int) -> TextPiece | None:
    """The next token in a direction, starting at the newest; None when stepping past the newest."""
    ahead = _tokens(_items_ahead(items, piece, change if piece is not None else -1))
    return next(ahead, piece if change < 0 else None)


def next_marked_token(items: Sequence[Item], piece: TextPiece | None, change: int) -> TextPiece | None:
    """The first token after the next marker in a direction; the same token if there is none."""
    found = _marked_after(items, piece) if change > 0 else _marked_before(items, piece)
    return found or piece


def _marked_after(items: Sequence[Item], piece: TextPiece | None) -> TextPiece | None:
    walk = iter(_items_ahead(items, piece, 1))
    # `any` stops behind the marker, and the search for a token goes on from there.
    marked = any(isinstance(item, TranscriptMarker) for item in walk)
    return next(_tokens(walk), None) if marked else None


def _marked_before(items: Sequence[Item], piece: TextPiece | None) -> TextPiece | None:
    """Going back, the first token after the marker before; the starting token does not count."""
    passed: TextPiece | None = None
    for item in _items_ahead(items, piece, -1):
        if isinstance(item, TranscriptMarker) and passed is not None:
            return passed
        if isinstance(item, TextPiece) and item.index >= 0:
            passed = item
    return None


def _items_ahead(items: Sequence[Item], piece: TextPiece | None, change: int) -> list[Item]:
    place = find_place(items, piece)
    return list(items[place + 1 :]) if change > 0 else list(reversed(items[:place]))


def find_place(items: Sequence[Item], piece: TextPiece | None) -> int:
    """The index of a piece; the end if it is missing. Searched from the end, where it nearly always is."""
    for place in range(len(items) - 1, -1, -1):
        if items[place] is piece:
            return place
    return len(items)


def _tokens(items: Iterable[Item]) -> Iterator[TextPiece]:
    return (item for item in items if isinstance(item, TextPiece) and item.index >= 0)
