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
    known = collect_facts(records)
    return "".join(json.dumps(_conversation(known, leaf)) + "\n" for leaf in leaf_turns(known.state))


def leaf_turns(state: SessionState) -> list[Turn]:
    """Turns without replies, in the order they were added."""
    parents = {turn.parent for turn in state.turns.values()}
    return [turn for turn in state.turns.values() if turn.id not in parents]


def _conversation(known: SessionFacts, leaf: Turn) -> Mapping[str, Any]:
    path = known.state.path(leaf.id)
    # The system prompt is a setting of the answers, not a turn.
    system = next((turn.settings["system"] for turn in path if "system" in turn.settings), None)
    spoken = chat_messages(path)
    return {
        "messages": [{"role": "system", "content": system}, *spoken] if system else spoken,
        "metadata": {
            "session": known.opening.session,
            "model": known.model.name if known.model else None,
            "vectors": {vector.name: vector.sha256 for vector in known.vectors},
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
        "events": [{"at": m.at, "t": m.kind, "words": m.words} for m in turn.markers],
    }
