"""The way in: key and address come from the environment and go nowhere else."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from vectors.claude.errors import ClaudeError

PROGRAM = "this program"
"""Whose environment it is; an engine, which others ask from theirs, puts its own name here."""
KEY, TOKEN, ADDRESS = "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"


def has_key() -> bool:
    return any(os.environ.get(name) for name in (KEY, TOKEN))


def base_url() -> str:
    """Where the key is sent, when it is not to Anthropic itself; worth showing before it happens."""
    return os.environ.get(ADDRESS, "")


def server_host() -> str:
    """Whom the key is shown to, in words for a screen; what else an address may hold is nobody's business."""
    place = urlsplit(base_url() or "https://api.anthropic.com")
    return f"{place.scheme}://{place.hostname}" + (f":{place.port}" if place.port else "")


def refuse_without_key() -> None:
    if not has_key():
        raise ClaudeError(f"no key for Claude: set {KEY} where {PROGRAM} is started, or do without Claude")


def create_client() -> Any:
    """The SDK's client, without retries, profiles and tracing of its own."""
    refuse_without_key()
    import anthropic

    secret: dict[str, Any] = {"api_key": os.environ[KEY]} if os.environ.get(KEY) else {}
    try:
        return anthropic.Anthropic(
            **secret or {"auth_token": os.environ[TOKEN]},
            base_url=base_url() or None,
            max_retries=0,
            open_telemetry=False,
        )
    except Exception as error:
        raise ClaudeError(f"Claude's client could not be made ({type(error).__name__})") from None
