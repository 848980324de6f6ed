"""One question to Claude: the request that is sent, and the hash under which its reply is cached."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property

from core.json_values import JsonValue
from vectors.claude.schema import Schema, api_schema

MAX_TOKENS = 1024  # includes thinking tokens
AGAIN = "Your last reply could not be used: {why}. Reply with the JSON object alone, as its schema has it."


@dataclass(frozen=True)
class ClaudeQuestion:
    """`schema` describes the JSON object of the reply; `again` says why an earlier reply was rejected."""

    text: str
    schema: Schema
    model: str
    system: str = ""
    max_tokens: int = MAX_TOKENS
    effort: str = "low"
    again: str = ""

    @property
    def messages(self) -> list[dict[str, str]]:
        parts = [self.text, AGAIN.format(why=self.again)] if self.again else [self.text]
        return [{"role": "user", "content": "\n\n".join(parts)}]

    @cached_property
    def serialized(self) -> str:
        """Everything that determines the reply, as one deterministic text."""
        request = [self.model, self.effort, self.system, self.messages, self.max_tokens, self.format]
        return json.dumps(request, sort_keys=True)

    def key(self, address: str = "") -> str:
        """The cache key; the base URL is part of it."""
        return hashlib.sha256(f"{address}\n{self.serialized}".encode()).hexdigest()

    def with_correction(self, why: str, max_tokens: int) -> ClaudeQuestion:
        return replace(self, again=why, max_tokens=max_tokens)

    @property
    def format(self) -> dict[str, JsonValue]:
        return {"type": "json_schema", "schema": api_schema(self.schema)}


def fence_text(name: str, text: str) -> str:
    """Untrusted text inside a question, in tags that it cannot close because their name contains its hash."""
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"<{name}-{mark}>\n{text}\n</{name}-{mark}>"
