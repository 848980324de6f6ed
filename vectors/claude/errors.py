"""Errors of Claude calls: those that end the whole run, and those of a single reply."""

from __future__ import annotations

from core.errors import NetworkError


class ClaudeError(NetworkError):
    """No key, no connection, no budget or no time left: further questions would fail too."""


class UnusableReply(ClaudeError):
    """One reply that cannot be used; its question stays unanswered, and the next one may be sent."""
