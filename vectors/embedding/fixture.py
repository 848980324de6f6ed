"""The sentences that an embedding is fitted and tested with; they come with the package.

Two halves of 20 pairs: a theme, and a paraphrase that shares no words with it. 20 hard pairs: one frame, other
meaning. 60 reference sentences, in none of the pairs, from which alone the common part of all embeddings is taken.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.files import MEBI, read_utf8

FILE = Path(__file__).parent / "sentences.jsonl"
HALVES = (1, 2)
TextPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class EmbeddingFixture:
    """`halves` in the order of HALVES: whoever changes the recipe chooses on the first and reports the second."""

    halves: tuple[TextPairs, ...]
    hard: TextPairs
    reference: tuple[str, ...]
    sha256: str

    @property
    def texts(self) -> tuple[str, ...]:
        """Every sentence once, the reference sentences first."""
        paired = (text for pairs in (*self.halves, self.hard) for pair in pairs for text in pair)
        return tuple(dict.fromkeys((*self.reference, *paired)))


@cache
def read_fixture() -> EmbeddingFixture:
    """The sentences of the package."""
    text = read_utf8(FILE, MEBI)
    entries = [json.loads(line) for line in text.splitlines()]
    halves = tuple(
        tuple((one["a"], one["b"]) for one in entries if one["kind"] == "pair" and one["half"] == half)
        for half in HALVES
    )
    hard = tuple((one["a"], one["b"]) for one in entries if one["kind"] == "hard")
    reference = tuple(one["a"] for one in entries if one["kind"] == "reference")
    return EmbeddingFixture(halves, hard, reference, hashlib.sha256(text.encode()).hexdigest())
