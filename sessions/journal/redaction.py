"""Redaction: API keys in messages of libraries, servers and command lines are blanked before an event is
stored.

Prompts and answers are not changed, because a changed conversation could not be replayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from core.secrets import scrub
from sessions.journal.event import Event, Json
from sessions.journal.events import (
    AnswerStopped,
    ErrorReported,
    JobChanged,
    ModelChanged,
    RecordingGap,
    SessionClosed,
    SessionOpened,
    VectorChanged,
)

WITH_FOREIGN_TEXT = (
    SessionOpened,
    ModelChanged,
    VectorChanged,
    AnswerStopped,
    JobChanged,
    RecordingGap,
    ErrorReported,
    SessionClosed,
)
"""Event kinds that can contain text of libraries, servers or command lines."""


def redact_event(event: Event) -> Event:
    """The same event with keys blanked."""
    if not isinstance(event, WITH_FOREIGN_TEXT):
        return event
    blanked = {name: _redact_value(value) for name, value in vars(event).items()}
    changed = {name: value for name, value in blanked.items() if value != getattr(event, name)}
    return replace(event, **changed) if changed else event


def _redact_value(value: Json) -> Json:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {key: _redact_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        # Keep the type: a tuple that became a list would count as changed.
        return type(value)(_redact_value(item) for item in value)
    return value
