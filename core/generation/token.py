"""One decoded token: its probability, its projections, the likeliest candidates, and the comparison with other lanes
(KL divergence, rank and probability under the unsteered shadow).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from core.mixer.effects import channel_band, channel_bounds
from core.mixer.mixer import Channel, Mixer
from core.steering.layer_plan import MeterReading

Projections = dict[int, dict[int, tuple[float, float]]]


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

    `top` are its own most likely tokens with lane 0's probability beside them, if requested.
    """

    kl: float
    logprob: float
    rank: int
    top: tuple[Candidate, ...] = ()


@dataclass
class GeneratedToken:
    """Token `index` of an answer, at `position` in the context, produced under mixer state `revision`.

    Its projections {channel: {layer: (before, after)}} are measured at its own position, so they are known
    after the next pass. So are `held_on_bound` (per channel, whether a cap holds it on a bound) and `delta`,
    the largest ‖Δ‖/‖h‖ at a metered layer. A token is `finished` when the answer has ended and only other
    lanes go on.
    """

    index: int
    token_id: int
    text: str
    logprob: float
    revision: int
    entropy: float
    position: int
    lane_tokens: tuple[LaneToken, ...] = ()
    forced: dict[int, LaneComparison] = field(default_factory=dict)
    projections: Projections | None = None
    held_on_bound: dict[int, bool] = field(default_factory=dict)
    delta: float | None = None
    top: tuple[Candidate, ...] = ()
    compiled: bool = False
    finished: bool = False


def lane_projections(readings: Sequence[MeterReading], position: int, lane: int = 0) -> Projections:
    """One lane's projections at `position`, counted from the first that was read."""
    seen: Projections = {}
    for reading, here in _readings_at(readings, position):
        before, after = reading.before[lane, here].tolist(), reading.after[lane, here].tolist()
        for channel, x, y in zip(reading.channels, before, after, strict=True):
            seen.setdefault(channel, {})[reading.layer] = (x, y)
    return seen


def largest_change(readings: Sequence[MeterReading], position: int, lane: int = 0) -> float | None:
    """The largest ‖Δ‖/‖h‖ at `position` over metered layers; None if it was not measured."""
    seen = ((reading.relative_change, here) for reading, here in _readings_at(readings, position))
    return max((float(moved[lane, here]) for moved, here in seen if moved is not None), default=None)


def _readings_at(readings: Sequence[MeterReading], position: int) -> Iterator[tuple[MeterReading, int]]:
    """The readings that contain this position, with its index; readings of a layer are consecutive."""
    passed: Counter[int] = Counter()
    for reading in readings:
        here = position - passed[reading.layer]
        passed[reading.layer] += reading.before.shape[1]
        if 0 <= here < reading.before.shape[1]:
            yield reading, here


def caps_on_bound(mixer: Mixer, seen: Projections, slack: Sequence[float]) -> dict[int, bool]:
    """Per acting channel with a cap: whether a metered layer ended on a bound, to within `slack`."""
    found = {}
    for i in mixer.active_indices():
        channel = mixer.channels[i]
        read = [layer for layer in seen.get(i, ()) if layer in channel_band(channel, len(slack))]
        if channel.is_capped and read:
            found[i] = any(_is_on_bound(channel, layer, seen[i][layer][1], slack[layer]) for layer in read)
    return found


def _is_on_bound(channel: Channel, layer: int, projection: float, slack: float) -> bool:
    return min(abs(projection - bound) for bound in channel_bounds(channel, layer)) <= slack


def compare_lanes(steered: Tensor, other: Tensor, token_id: int) -> LaneComparison:
    """Compare the log-probabilities [vocabulary] of lane 0 and of a forced lane at the same context."""
    # Where lane 0 gives a token probability 0, 0·(−∞) is NaN; the limit of p log p is 0.
    kl = float((steered.exp() * (steered - other)).nan_to_num(0.0).sum())
    return LaneComparison(kl, float(other[token_id]), int((other > other[token_id]).sum()) + 1)


def token_entropy(logprobs: Tensor) -> float:
    # p log p tends to 0 with p, but 0·(−∞) is NaN.
    return float(-(logprobs.exp() * logprobs).nan_to_num(0.0).sum())


def log_probabilities(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits, dim=-1)
