"""Turns that are over as transcript items: an old session and the root of a branch are drawn by the same hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sessions.sampling import change
from sessions.state import Marker as Happened
from sessions.state import Turn
from steertui.text import Sanitiser, safe_text
from steertui.widgets.transcript.document import Item, Marker, Piece, Speech

THROWN_IN = {"user": "as a user turn", "own": "as the model's own words", "tool": "as tool output"}


def past(turns: Iterable[Turn]) -> list[Item]:
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
    """Something that was said and not generated."""
    who = "you" if role == "user" else safe_text(role)
    return [Speech(who), Piece(safe_text(text, multiline=True))]


def thrown_in(text: str, how: str, at: int | None) -> list[Item]:
    """A distractor within an answer. Its own words it only goes on with; a turn has its speaker, and then the model
    answers."""
    mark = Marker(safe_text(f"DISTRACTOR {THROWN_IN.get(how, how)}"), at)
    words = Piece(safe_text(text, multiline=True), origin="injected")
    if how == "own":
        return [mark, words]
    who = "you" if how == "user" else safe_text(how)
    return [mark, Speech(who, inside=True), words, Speech("asst", inside=True)]


def standing_marks(words: str) -> list[Item]:
    """What an answer starts under, a line for each channel."""
    return [Marker(safe_text(line), 0) for line in words.split(" · ") if line]


def manner(turn: Turn, before: Mapping[str, Any]) -> list[Item]:
    """How an answer is made, where that is new, and the words that were put into its mouth."""
    made = change(before, turn.settings)
    marks: list[Item] = [Marker(safe_text(made), 0)] if made else []
    put = [Piece(safe_text(turn.said, multiline=True), origin="prefilled")] if turn.said else []
    return [*marks, *put]


def _answer(turn: Turn, before: Mapping[str, Any]) -> list[Item]:
    """Every token, and the markers in front of theirs."""
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


def _change(marker: Happened, index: int) -> list[Item]:
    if marker.kind == "inject":
        return thrown_in(marker.words, marker.how, index)
    return [Marker(safe_text(marker.words), index)]
