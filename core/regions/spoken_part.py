"""Where the answer itself begins in what a model generates: behind its thoughts and the marks of its turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.regions.notations import ANSWER, THINKING, Notation
from core.regions.region_reader import RegionReader, token_region

LONGEST_THOUGHT = 512
"""Tokens after which a thought is closed where only the answer is wanted."""


class SpokenPart:
    """Follows the tokens of one answer; `begins` is the index of the first that is said to the user, None in a thought.

    Of a model that marks no thoughts every token is said.
    """

    def __init__(self, notation: Notation | None, tokenizer: Any, prompt: Sequence[int]) -> None:
        thinks = notation is not None and THINKING in notation.regions
        self._reader = RegionReader(notation if thinks else None, tokenizer)
        self._reader.begin(prompt)
        self._tokenizer = tokenizer
        self.length = self._thought = 0
        self.begins: int | None = None if thinks else 0

    @property
    def count(self) -> int:
        """Tokens said so far."""
        return self.length - self.first_said

    @property
    def first_said(self) -> int:
        """The index at which the answer begins; behind all tokens while it is a thought."""
        return self.length if self.begins is None else self.begins

    @property
    def closing_token(self) -> int | None:
        """The token that ends a thought which has become too long; None while there is none."""
        notation = self._reader.notation
        if notation is None or self._reader.region != THINKING or self._thought < LONGEST_THOUGHT:
            return None
        mark = notation.regions[THINKING].closes[0]
        return next((number for number, text in notation.by_id.items() if text == mark), None)

    def add(self, token: int) -> None:
        before = self._reader.region
        region = token_region(before, self._reader.feed(token))
        if region == THINKING:
            self.begins, self._thought = None, self._thought + 1
        elif self.begins is None and not (region == ANSWER and self._is_frame(token)):
            self.begins = self.length
        self.length += 1

    def _is_frame(self, token: int) -> bool:
        """Whether a token between thought and answer is a mark, or white space as templates write it there."""
        notation = self._reader.notation
        if notation is not None and token in notation.by_id:
            return True
        return not self._tokenizer.decode([token], skip_special_tokens=True).strip()
