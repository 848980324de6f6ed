"""Key and base URL of the Claude API, taken from the environment and passed on to nothing but the client."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vectors.claude.errors import ClaudeError

if TYPE_CHECKING:
    from anthropic import Anthropic

PROGRAM = "this program"
"""The process whose environment must hold the key, for error sentences; an engine sets its own name here."""
KEY, TOKEN, ADDRESS = "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"


def has_key() -> bool:
    return any(os.environ.get(name) for name in (KEY, TOKEN))


def base_url() -> str:
    """The base URL if it is not Anthropic's own; worth showing before a key is sent there."""
    return os.environ.get(ADDRESS, "")


def server_host() -> str:
    """Scheme, host and port that receive the key, for display; other parts of the URL are left out."""
    place = urlsplit(base_url() or "https://api.anthropic.com")
    return f"{place.scheme}://{place.hostname}" + (f":{place.port}" if place.port else "")


def refuse_without_key() -> None:
    if not has_key():
        raise ClaudeError(f"no key for Claude: set {KEY} where {PROGRAM} is started, or do without Claude")


def create_client() -> Anthropic:
    """The SDK's client, without its retries, profiles and tracing."""
    refuse_without_key()
    import anthropic

    try:
        # Our own retries know the deadline and the budget.
        client = partial(
            anthropic.Anthropic, base_url=base_url() or None, max_retries=0, open_telemetry=False
        )
        if os.environ.get(KEY):
            return client(api_key=os.environ[KEY])
        return client(auth_token=os.environ[TOKEN])
    except Exception as error:
        # The type alone: the message could quote the key.
        raise ClaudeError(f"cannot create the Claude client ({type(error).__name__})") from None
