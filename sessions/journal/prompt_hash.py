"""How events name a prompt: by its token ids as far as they fit a line, and always by the hash of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

LONGEST_WRITTEN = 100_000
"""Longest prompt whose token ids are stored in the journal; more would not fit a line."""


def hash_ids(ids: Sequence[int]) -> str:
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()


def written_ids(ids: Sequence[int]) -> tuple[int, ...]:
    """The ids that are stored: all, or none of a very long prompt."""
    return tuple(ids) if len(ids) <= LONGEST_WRITTEN else ()
