"""What can go wrong with Claude: the talk as a whole, or one reply that nobody may use."""

from __future__ import annotations

from core.errors import NetworkError


class ClaudeError(NetworkError):
    """No key, no connection, no money, no time: asking more would not help."""


class UnusableReply(ClaudeError):
    """One reply that cannot be used; what it was asked about is missing, and the next question may be asked."""
