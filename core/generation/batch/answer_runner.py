"""Runs any set of requests: in lanes what lanes can take, in padded groups what they cannot, the rest one by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.generation.batch.lane_answer import LaneAnswer, LaneRequest
from core.generation.batch.lane_batch import LaneBatch
from core.generation.batch.lane_support import why_alone, why_no_lane
from core.generation.batch.one_by_one import OneByOne
from core.generation.batch.padded_batch import PaddedBatch

if TYPE_CHECKING:
    from core.model.model import Model

LANES = 16
"""Answers at once where nothing else is asked for."""


class AnswerRunner:
    """`step` does the next short piece of work until `done`; made on the GPU thread, because it tries the model.

    `alone` are the numbers of the answers that are generated one by one, `reason` says why the first of them is.
    """

    def __init__(self, model: Model, requests: Mapping[int, LaneRequest], n_lanes: int = LANES) -> None:
        reasons = {number: why_alone(model, request) for number, request in requests.items()}
        self.alone = frozenset(number for number, why in reasons.items() if why)
        self.reason = next((why for why in reasons.values() if why), "")
        together = {number: each for number, each in requests.items() if number not in self.alone}
        padded = {number: each for number, each in together.items() if why_no_lane(model, each)}
        in_lanes = {number: each for number, each in together.items() if number not in padded}
        self.n_lanes = min(n_lanes, max(len(in_lanes), len(padded)))
        self._runners: deque[LaneBatch | OneByOne] = deque()
        if in_lanes:
            self._runners.append(LaneBatch(model, in_lanes, n_lanes))
        if padded:
            self._runners.append(PaddedBatch(model, padded, n_lanes))
        if self.alone:
            self._runners.append(OneByOne(model, {number: requests[number] for number in sorted(self.alone)}))

    @property
    def done(self) -> bool:
        return not self._runners

    @property
    def has_tokens(self) -> bool:
        """Whether an answer that has not ended has its first token."""
        return bool(self._runners) and self._runners[0].has_tokens

    def step(self) -> list[LaneAnswer]:
        """The answers that ended with this piece of work."""
        ended = self._runners[0].step()
        if self._runners[0].done:
            self._runners.popleft()
        return ended

    def lanes_of(self, number: int) -> int:
        """How many answers are generated at once where this one is."""
        return 1 if number in self.alone else self.n_lanes
