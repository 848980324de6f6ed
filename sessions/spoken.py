"""A path through the tree of turns, as the messages a chat template takes."""

from __future__ import annotations

from collections.abc import Iterable

from sessions.state import Turn

Message = dict[str, str]


def messages(path: Iterable[Turn]) -> list[Message]:
    """One message per turn; an answer into which somebody else spoke becomes several."""
    return [
        message for turn in path for message in (_answer(turn) if turn.gen is not None else [_said(turn)])
    ]


def _said(turn: Turn) -> Message:
    return {"role": turn.role, "content": turn.text}


def _answer(turn: Turn) -> list[Message]:
    """The model's own words, injected ones among them, cut where a user or a tool put in a turn."""
    found: list[Message] = []
    words, start = turn.said, 0
    for marker in (m for m in turn.markers if m.kind == "inject"):
        words += "".join(token.text for token in turn.tokens[start : marker.at])
        start = marker.at
        if marker.how == "own":
            words += marker.words
        else:
            found += [{"role": "assistant", "content": words}, {"role": marker.how, "content": marker.words}]
            words = ""
    words += "".join(token.text for token in turn.tokens[start:])
    return [*found, {"role": "assistant", "content": words}]
