"""Tokens of other lanes, and their comparison with lane 0: KL divergence, and rank and probability of its token.

A lane that is forced reads lane 0's tokens, for example unsteered as its shadow.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from core.generation.probabilities import Candidate, token_entropy


@dataclass(frozen=True)
class LaneToken:
    """One lane's token at this step; a lane that has ended repeats its end token with empty text."""

    token_id: int
    text: str
    logprob: float
    finished: bool = False


@dataclass(frozen=True)
class LaneComparison:
    """A forced lane compared with lane 0: KL(lane 0 ‖ this lane), log-probability and rank of its token.

    `entropy` is its own; `top` are its own most likely tokens with lane 0's probability beside them, if requested.
    """

    kl: float
    logprob: float
    rank: int
    entropy: float
    top: tuple[Candidate, ...] = ()


def compare_lanes(steered: Tensor, other: Tensor, token_id: int) -> LaneComparison:
    """Compare the log-probabilities [vocabulary] of lane 0 and of a forced lane at the same context."""
    # Where lane 0 gives a token probability 0, 0·(−∞) is NaN; the limit of p log p is 0.
    kl = float((steered.exp() * (steered - other)).nan_to_num(0.0).sum())
    rank = int((other > other[token_id]).sum()) + 1
    return LaneComparison(kl, float(other[token_id]), rank, token_entropy(other))
