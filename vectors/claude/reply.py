"""Parses a reply: it must be one complete JSON object that fits its schema, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core.json_values import JsonValue, unique_names
from vectors.claude.errors import UnusableReply
from vectors.claude.schema import Schema, schema_fault

if TYPE_CHECKING:
    from anthropic.types import Message

LONGEST = 1_000_000
TRUNCATED = ("max_tokens", "model_context_window_exceeded")


class TruncatedReply(UnusableReply):
    """The reply was cut off: worth retrying with a higher token limit."""


class DeclinedReply(UnusableReply):
    """Claude refused to answer; it is not asked again."""


def read_reply(message: Message, schema: Schema) -> JsonValue:
    """The object of a Messages API reply; error sentences quote only numbers and names from it."""
    # Before parsing: such replies are no JSON either, but for reasons that call for other steps.
    if message.stop_reason == "refusal":
        raise DeclinedReply("Claude declined to answer")
    if message.stop_reason in TRUNCATED:
        raise TruncatedReply("Claude's reply was cut off at its token limit")
    text = "".join(block.text for block in message.content or () if block.type == "text")
    value = parse_reply(text)
    if wrong := schema_fault(value, schema):
        raise UnusableReply(f"Claude's reply does not fit: {wrong}")
    return value


def parse_reply(text: str) -> JsonValue:
    """Strict JSON: no text around it, no NaN, no duplicate field."""
    if len(text) > LONGEST:
        raise UnusableReply(f"Claude's reply is {len(text):,} characters long")
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=unique_names)
    except (ValueError, RecursionError):
        raise UnusableReply("Claude's reply is not JSON alone") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
