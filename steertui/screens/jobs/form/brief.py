"""Shortens the texts in a job's events on arrival, so that drawing them stays fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LONGEST = 2000
"""Longest text in characters; the journal has the whole text."""


def shorten_texts(value: Any) -> Any:
    """The same JSON value with every string, keys included, cut to `LONGEST` characters."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST] + "…"
    if isinstance(value, Mapping):
        return {shorten_texts(key): shorten_texts(each) for key, each in value.items()}
    return [shorten_texts(each) for each in value] if isinstance(value, list | tuple) else value
