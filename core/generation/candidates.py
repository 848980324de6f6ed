"""The most likely tokens at one position, with their probability in another lane for comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

MOST = 50


class Candidate(NamedTuple):
    """A token and its probability before sampling settings; `other` is that in the compared lane."""

    token_id: int
    text: str
    p: float
    other: float | None = None


def top_candidates(
    logprobs: Tensor, count: int, text: Callable[[int], str], beside: Tensor | None = None
) -> tuple[Candidate, ...]:
    """The `count` most likely tokens, in order, from one lane's log-probabilities [vocabulary]."""
    best = logprobs.topk(min(count, len(logprobs)))
    ids = best.indices.tolist()
    others = [None] * len(ids) if beside is None else beside[best.indices].exp().tolist()
    return tuple(
        Candidate(token, text(token), p, other)
        for token, p, other in zip(ids, best.values.exp().tolist(), others, strict=True)
    )


class TokenTexts:
    """Cached text of single tokens: decoding one with the tokenizer takes longer than choosing it."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[int, str] = {}

    def __call__(self, token_id: int) -> str:
        if token_id not in self._known:
            self._known[token_id] = "" if self._tokenizer is None else self._tokenizer.decode([token_id])
        return self._known[token_id]
