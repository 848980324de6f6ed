"""One decoded token of an answer with what was measured at it, and the cached texts of single tokens."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.generation.lane_comparison import LaneComparison, LaneToken
from core.generation.probabilities import Candidate
from core.model.tokenizer import Tokenizer
from core.steering.meters import Projections


class TokenTexts:
    """Cached text of single tokens: decoding one with the tokenizer takes longer than choosing it."""

    def __init__(self, tokenizer: Tokenizer | None) -> None:
        self._tokenizer = tokenizer
        self._known: dict[int, str] = {}

    def __call__(self, token_id: int) -> str:
        if token_id not in self._known:
            self._known[token_id] = "" if self._tokenizer is None else self._tokenizer.decode([token_id])
        return self._known[token_id]


@dataclass
class GeneratedToken:
    """Token `index` of an answer, at `position` in the context, produced under mixer state `revision`.

    Its projections {channel: {layer: (before, after)}} are measured at its own position, so they are known
    after the next pass. So are `held_on_bound` (per channel, whether a cap holds it on a bound), `delta`,
    the largest ‖Δ‖/‖h‖ at a metered layer, and `experts`, the share of its experts that a forced lane did not
    choose (None without such a lane, without experts and in a compiled step). A token is `finished` when the
    answer has ended and only other lanes go on. `region` is thinking, tool or answer; marks belong to what they mark.
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
    experts: float | None = None
    top: tuple[Candidate, ...] = ()
    compiled: bool = False
    finished: bool = False
    region: str = "answer"
