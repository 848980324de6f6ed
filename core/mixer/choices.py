"""The words that some settings of a channel choose from."""

from __future__ import annotations

UNITS = ("relative", "natural", "unit", "raw")
SCOPES = ("all", "prompt", "response", "thinking", "answer")
NOT_IN = ("tool",)
"""Parts of an answer that a channel can leave alone."""
