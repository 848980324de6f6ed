"""The marker texts of changes that are events of their own."""

from __future__ import annotations

from sessions.journal import events as ev


def rewind_words(event: ev.AnswerRewound) -> str:
    return f"{event.dropped} tokens taken back"


def rebuild_words(event: ev.CacheRebuilt) -> str:
    return f"cache rebuilt, {event.tokens} tokens"
