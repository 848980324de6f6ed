"""End tokens and thinking marks of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

THOUGHT_MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
)


def end_ids(hf: Any, tokenizer: Any) -> frozenset[int]:
    """Every id that ends an answer: of generation configuration, configuration and tokenizer."""
    sources = (getattr(hf, "generation_config", None), getattr(hf, "config", None), tokenizer)
    found: set[int] = set()
    for source in sources:
        ids = getattr(source, "eos_token_id", None)
        found |= {int(i) for i in (ids if isinstance(ids, list | tuple) else [ids]) if i is not None}
    return frozenset(found)


class ThinkingMarks:
    """Separates thinking from answer: positions after an opening mark up to its closing one are thinking."""

    def __init__(self, tokenizer: Any) -> None:
        known: dict[str, int] = getattr(tokenizer, "get_vocab", dict)()
        # Marks are found by id, so only those count that are one token in this vocabulary.
        pairs = [(known[a], known[b]) for a, b in THOUGHT_MARKS if a in known and b in known]
        self._opens = {a for a, _ in pairs}
        self._closes = {b for _, b in pairs}

    @property
    def has_marks(self) -> bool:
        """Whether the tokenizer has thinking marks."""
        return bool(self._opens)

    def is_thinking(self, ids: Sequence[int]) -> bool:
        """Whether these ids end inside an open thinking block."""
        last = next((i for i in reversed(ids) if i in self._opens or i in self._closes), None)
        return last in self._opens
