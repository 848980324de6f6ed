"""What else might have been said: the likeliest tokens of a step, and what another lane thought of each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

MOST = 50


class Candidate(NamedTuple):
    """A token and its probability before any sampling setting; `other` is its probability in the lane beside."""

    token_id: int
    text: str
    p: float
    other: float | None = None


def candidates(
    logprobs: Tensor, count: int, text: Callable[[int], str], beside: Tensor | None = None
) -> tuple[Candidate, ...]:
    """The `count` likeliest from the log-probabilities [vocabulary] of one lane, the likeliest first."""
    best = logprobs.topk(min(count, len(logprobs)))
    ids = best.indices.tolist()
    others = [None] * len(ids) if beside is None else beside[best.indices].exp().tolist()
    return tuple(
        Candidate(token, text(token), p, other)
        for token, p, other in zip(ids, best.values.exp().tolist(), others, strict=True)
    )


class Words:
    """The text of single tokens, each asked for once: a tokenizer takes longer to decode one than to choose it."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[int, str] = {}

    def __call__(self, token_id: int) -> str:
        if token_id not in self._known:
            self._known[token_id] = "" if self._tokenizer is None else self._tokenizer.decode([token_id])
        return self._known[token_id]
