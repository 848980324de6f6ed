"""Texts of a job cut to what a screen can show, where they come in: nothing that draws them need fear their length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LONGEST = 2000
"""Characters of one text; the journal has all of it."""


def brief(value: Any) -> Any:
    """The same JSON with every text in it, keys included, at most so long."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST] + "…"
    if isinstance(value, Mapping):
        return {brief(key): brief(each) for key, each in value.items()}
    return [brief(each) for each in value] if isinstance(value, list | tuple) else value
