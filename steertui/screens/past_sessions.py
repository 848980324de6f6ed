"""Finished turns as transcript items, for old sessions and for the turns before a branch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sessions.state.settings_words import change
from sessions.state.state import Marker as StateMarker
from sessions.state.state import Turn
from steertui.text import Sanitiser, safe_text
from steertui.widgets.transcript.document import Item, Marker, Piece, Speech

THROWN_IN = {"user": "as a user turn", "own": "as the model's own words", "tool": "as tool output"}


def past(turns: Iterable[Turn]) -> list[Item]:
    """The items of these turns."""
    items: list[Item] = []
    before: Mapping[str, Any] = {}
    for turn in turns:
        if turn.role == "assistant":
            items += _answer(turn, before)
            before = turn.settings
        else:
            items += spoken(turn.role, turn.said)
    return items


def spoken(role: str, text: str) -> list[Item]:
    """A message that was written, not generated."""
    who = "you" if role == "user" else safe_text(role)
    return [Speech(who), Piece(safe_text(text, multiline=True))]


def thrown_in(text: str, how: str, at: int | None) -> list[Item]:
    """A distractor inside an answer. As the model's own words the answer just continues; as a turn it gets
    a speaker label and the answer starts again.
    """
    mark = Marker(safe_text(f"DISTRACTOR {THROWN_IN.get(how, how)}"), at)
    words = Piece(safe_text(text, multiline=True), origin="injected")
    if how == "own":
        return [mark, words]
    who = "you" if how == "user" else safe_text(how)
    return [mark, Speech(who, inside=True), words, Speech("asst", inside=True)]


def standing_marks(words: str) -> list[Item]:
    """The mixer at the start of an answer, one marker per channel."""
    return [Marker(safe_text(line), 0) for line in words.split(" · ") if line]


def manner(turn: Turn, before: Mapping[str, Any]) -> list[Item]:
    """A marker for changed settings of an answer, and its prefill."""
    made = change(before, turn.settings)
    marks: list[Item] = [Marker(safe_text(made), 0)] if made else []
    put = [Piece(safe_text(turn.said, multiline=True), origin="prefilled")] if turn.said else []
    return [*marks, *put]


def _answer(turn: Turn, before: Mapping[str, Any]) -> list[Item]:
    """The tokens of an answer, each after its markers."""
    items: list[Item] = [Speech("asst")]
    stream, markers = Sanitiser(), sorted(turn.markers, key=lambda marker: marker.at)
    if markers and markers[0].at == 0 and markers[0].kind == "mixer":
        items += standing_marks(markers.pop(0).words)
    items += manner(turn, before)
    for index, token in enumerate(turn.tokens):
        while markers and markers[0].at <= index:
            items += _change(markers.pop(0), index)
        items.append(Piece(stream.feed(token.text), index, turn.id, token.proj))
    return items


def _change(marker: StateMarker, index: int) -> list[Item]:
    if marker.kind == "inject":
        return thrown_in(marker.words, marker.how, index)
    return [Marker(safe_text(marker.words), index)]
