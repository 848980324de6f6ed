"""A path through the tree of turns as chat messages for a chat template."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sessions.state.state import Turn

Message = dict[str, str]


def chat_messages(path: Iterable[Turn]) -> list[Message]:
    """One message per turn; an answer interrupted by an injected turn becomes several."""
    return [
        message
        for turn in path
        for message in (_answer_messages(turn) if turn.gen is not None else [_turn_message(turn)])
    ]


def prompt_messages(prompt: Any) -> list[Message]:
    """The messages of a prompt that is a text of the user or a list of messages."""
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [dict(m) for m in prompt]


def _turn_message(turn: Turn) -> Message:
    return {"role": turn.role, "content": turn.text}


def _answer_messages(turn: Turn) -> list[Message]:
    """The messages of an answer, split where a user or tool turn was injected."""
    found: list[Message] = []
    # The prefill is the beginning of the answer's first message.
    words, start = turn.given_text, 0
    for marker in (m for m in turn.markers if m.kind == "inject"):
        words += "".join(token.text for token in turn.tokens[start : marker.at])
        start = marker.at
        if marker.how == "own":
            # Inserted as the model's own words, so the message goes on.
            words += marker.words
        else:
            # The injected turn ends this message, and the answer continues in a new one.
            found += [{"role": "assistant", "content": words}, {"role": marker.how, "content": marker.words}]
            words = ""
    words += "".join(token.text for token in turn.tokens[start:])
    return [*found, {"role": "assistant", "content": words}]
