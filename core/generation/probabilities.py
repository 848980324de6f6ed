"""Probabilities of the next token: log-probabilities, their entropy, and the most likely candidates."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
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


def token_entropy(logprobs: Tensor) -> float:
    # p log p tends to 0 with p, but 0·(−∞) is NaN.
    return float(-(logprobs.exp() * logprobs).nan_to_num(0.0).sum())


def log_probabilities(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits, dim=-1)
