"""Classifies errors of the SDK: a sentence, whether a retry may help, and after how long.

The SDK's own retries are off: it obeys a retry-after of weeks and knows no total deadline.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.secrets import scrub
from vectors.errors import printable_name

if TYPE_CHECKING:
    from anthropic import APIStatusError

FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
RETRIED_STATUSES = frozenset({408, 409, 429})
STATUS_SENTENCES = {
    401: "Claude refused the key: check ANTHROPIC_API_KEY",
    402: "Claude's account needs payment",
    403: "Claude refused: this key may not use this model",
    404: "Claude's endpoint does not know this model: choose another one",
    413: "Claude refused: the question is too long",
    429: "Claude's rate limit is used up",
    529: "Claude is overloaded",
}


@dataclass(frozen=True)
class CallFailure:
    """A failed call; `wait` is the server's retry-after in seconds."""

    sentence: str
    transient: bool
    wait: float | None = None

    def retry_delay(self, attempt: int) -> float:
        """Seconds before the next attempt: the server's retry-after, else exponential backoff with jitter."""
        if self.wait is not None:
            return self.wait
        doubled: float = min(FIRST_WAIT * 2.0**attempt, LONGEST_WAIT)
        # The jitter keeps parallel calls from returning all at once.
        return doubled * random.uniform(0.75, 1.0)


def classify_error(error: Exception) -> CallFailure:
    """Classify an exception; server text is escaped and scrubbed of keys."""
    import anthropic

    # The order matters: a timeout is a connection error too.
    if isinstance(error, anthropic.APITimeoutError):
        return CallFailure("Claude did not answer in time", transient=True)
    if isinstance(error, anthropic.APIResponseValidationError):
        return CallFailure(
            "the server at Claude's address does not answer as Claude's API does", transient=False
        )
    if isinstance(error, anthropic.APIStatusError):
        return _status_failure(error)
    if isinstance(error, anthropic.APIConnectionError):
        return CallFailure("no connection to Claude", transient=True)
    if isinstance(error, ValueError):
        return CallFailure(
            "the server at Claude's address does not answer as Claude's API does", transient=False
        )
    return CallFailure(f"Claude's client failed ({type(error).__name__})", transient=False)


def _status_failure(error: APIStatusError) -> CallFailure:
    code = error.status_code
    server_text = error.api_message if isinstance(error.api_message, str) else ""
    # What a server says of a refused key may quote it.
    detail = f" ({printable_name(scrub(server_text))})" if server_text and code != 401 else ""
    sentence = STATUS_SENTENCES.get(code, f"Claude answered with error {code}") + detail
    return CallFailure(
        sentence, code in RETRIED_STATUSES or code >= 500, _retry_after(error.response.headers)
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Retry-after in seconds; None for a date or an invalid value."""
    try:
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):
        return None
