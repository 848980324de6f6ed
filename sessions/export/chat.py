"""Chat JSONL: one conversation per line, for training and evaluation tools; steering is in the metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sessions.export import Clean
from sessions.export.facts import SessionFacts, collect_facts
from sessions.journal.codec import JournalRecord
from sessions.state.messages import chat_messages
from sessions.state.state import SessionState, Turn


def export(records: tuple[JournalRecord, ...], clean: Clean) -> str:
    """One line per leaf of the tree of turns. Text is not sanitised, because JSON escapes control characters."""
    facts = collect_facts(records)
    return "".join(json.dumps(_conversation(facts, leaf)) + "\n" for leaf in leaf_turns(facts.state))


def leaf_turns(state: SessionState) -> list[Turn]:
    """Turns without replies, in the order they were added."""
    parents = {turn.parent for turn in state.turns.values()}
    return [turn for turn in state.turns.values() if turn.id not in parents]


def _conversation(facts: SessionFacts, leaf: Turn) -> Mapping[str, Any]:
    path = facts.state.path(leaf.id)
    # The system prompt is a setting of the answers, not a turn.
    system = next((turn.settings["system"] for turn in path if "system" in turn.settings), None)
    messages = chat_messages(path)
    return {
        "messages": [{"role": "system", "content": system}, *messages] if system else messages,
        "metadata": {
            "session": facts.opening.session,
            "model": facts.model.name if facts.model else None,
            "vectors": {vector.name: vector.sha256 for vector in facts.vectors},
            "steering": [steering_metadata(turn) for turn in path if turn.gen is not None],
        },
    }


def steering_metadata(turn: Turn) -> Mapping[str, Any]:
    """The settings of an answer, and its changes with their token index."""
    return {
        "turn": turn.id,
        "settings": turn.settings,
        "stop": turn.stop,
        "tokens": len(turn.tokens),
        "events": [
            {"at": m.at, "t": m.kind, "words": m.words}
            | ({"expression": m.expression} if m.expression else {})
            for m in turn.markers
        ],
    }
