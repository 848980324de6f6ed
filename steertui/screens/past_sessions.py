"""Finished turns as transcript items, for old sessions and for the turns before a branch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.regions.notations import THINKING, THOUGHT_BUDGET
from sessions.state.mixer_words import Change, short_words
from sessions.state.settings_words import describe_settings_change
from sessions.state.state import Marker as StateMarker
from sessions.state.state import Turn
from steertui.text import Sanitiser, safe_text
from steertui.widgets.transcript.document import Item, TextPiece, TranscriptMarker, TranscriptTurn

THROWN_IN = {"user": "as a user turn", "own": "as the model's own words", "tool": "as tool output"}


def past_items(turns: Iterable[Turn]) -> list[Item]:
    """The items of these turns."""
    items: list[Item] = []
    before: Mapping[str, Any] = {}
    for turn in turns:
        if turn.role == "assistant":
            items += _answer_items(turn, before)
            before = turn.settings
        else:
            items += message_items(turn.role, turn.given_text)
    return items


def message_items(role: str, text: str) -> list[Item]:
    """A message that was written, not generated."""
    who = "you" if role == "user" else safe_text(role)
    return [TranscriptTurn(who), TextPiece(safe_text(text, multiline=True))]


def distractor_items(text: str, how: str, at: int | None) -> list[Item]:
    """What the transcript shows of a distractor that was inserted into an answer: a marker and its text.

    Inserted as the model's own words, the answer just continues; as a turn it gets a speaker label, and the
    answer goes on under a label of its own.
    """
    if how == THOUGHT_BUDGET:
        closing = TextPiece(safe_text(text, multiline=True), origin="injected", region=THINKING)
        return [plain_mark("thought closed at its budget", at), closing]
    mark = TranscriptMarker(safe_text(f"DISTRACTOR {THROWN_IN.get(how, how)}"), at)
    words = TextPiece(safe_text(text, multiline=True), origin="injected")
    if how == "own":
        return [mark, words]
    who = "you" if how == "user" else safe_text(how)
    return [mark, TranscriptTurn(who, inside=True), words, TranscriptTurn("asst", inside=True)]


def mixer_marks(words: str) -> list[Item]:
    """The mixer at the start of an answer, one marker per channel."""
    return [plain_mark(line, 0) for line in words.split(" · ") if line]


def change_mark(words: str, at: int, changes: tuple[Change, ...]) -> TranscriptMarker:
    """A change of the mixer in the words it was recorded with."""
    chip = safe_text(short_words(words, changes))
    setting = " ".join(f"{change.channel} {change.kind} {change.layer}" for change in changes)
    return TranscriptMarker(safe_text(words), at, chip=chip, setting=safe_text(setting))


def plain_mark(words: str, at: int | None, *, lasting: bool = False) -> TranscriptMarker:
    """A marker whose text is its own short form."""
    text = safe_text(words)
    return TranscriptMarker(text, at, lasting, chip=text)


def settings_items(turn: Turn, before: Mapping[str, Any]) -> list[Item]:
    """A marker for changed settings of an answer, and its prefill."""
    made = describe_settings_change(before, turn.settings)
    marks: list[Item] = [plain_mark(made, 0)] if made else []
    put = (
        [TextPiece(safe_text(turn.given_text, multiline=True), origin="prefilled")] if turn.given_text else []
    )
    return [*marks, *put]


def _answer_items(turn: Turn, before: Mapping[str, Any]) -> list[Item]:
    """The tokens of an answer, each after its markers."""
    items: list[Item] = [TranscriptTurn("asst")]
    # One sanitiser per answer: combining marks and long lines may go on from token to token.
    stream, markers = Sanitiser(), sorted(turn.markers, key=lambda marker: marker.at)
    if markers and markers[0].at == 0 and markers[0].kind == "mixer":
        items += mixer_marks(markers.pop(0).words)
    items += settings_items(turn, before)
    for index, token in enumerate(turn.tokens):
        # Several changes may precede the same token.
        while markers and markers[0].at <= index:
            items += _change_items(markers.pop(0), index)
        text = stream.feed_token(token.text)
        items.append(TextPiece(text, index, turn.id, token.proj, region=token.region))
    return items


def _change_items(marker: StateMarker, index: int) -> list[Item]:
    if marker.kind == "inject":
        return distractor_items(marker.words, marker.source or marker.how, index)
    if marker.kind == "mixer":
        return [change_mark(marker.words, index, marker.changes)]
    return [plain_mark(marker.words, index)]
