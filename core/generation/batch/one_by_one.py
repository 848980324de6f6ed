"""Answers generated one after the other, for models and answers that lanes cannot take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.errors import SteerError
from core.generation.batch.lane_answer import LaneAnswer, LaneRequest
from core.generation.live import AnswerStream
from core.generation.settings import DecoderSettings
from core.generation.stream import check_length
from core.model.cache import Tape
from core.regions.spoken_part import SpokenPart

if TYPE_CHECKING:
    from core.model.model import Model


class OneByOne:
    """The same as `LaneBatch` without a batch: `step` generates one token until `done`."""

    def __init__(self, model: Model, requests: Mapping[int, LaneRequest]) -> None:
        self.model = model
        self._requests, self._waiting = requests, deque(requests.items())
        self._running: tuple[int, AnswerStream] | None = None
        self._spoken: SpokenPart | None = None
        self._times: list[float] = []

    @property
    def done(self) -> bool:
        return not (self._waiting or self._running)

    @property
    def has_tokens(self) -> bool:
        return self._running is not None and bool(self._running[1].steps)

    def step(self) -> list[LaneAnswer]:
        """Generate the next token; returns the answer if it ended."""
        number = self._running[0] if self._running else self._waiting[0][0]
        try:
            _, stream = self._running = self._running or self._begin(*self._waiting.popleft())
            if (step := next(stream, None)) is not None:
                self._times = [*self._times[:1], time.monotonic()]
                if not self._has_spoken(number, step.token_id):
                    return []
        except SteerError as error:
            said = self._running[1] if self._running else None
            self._running = None
            return [self._finish(number, said, "error", str(error))]
        self._running = None
        return [self._finish(number, stream, stream.stop_reason or "length")]

    def _has_spoken(self, number: int, token: int) -> bool:
        """Whether the answer has its tokens, where thoughts do not count."""
        request = self._requests[number]
        if self._spoken is None:
            notation = self.model.notation if request.spoken_only else None
            self._spoken = SpokenPart(notation, self.model.tokenizer, request.ids)
        self._spoken.add(token)
        return request.spoken_only and self._spoken.count >= request.max_new_tokens

    def _begin(self, number: int, request: LaneRequest) -> tuple[int, AnswerStream]:
        check_length(self.model, len(request.ids))
        settings = DecoderSettings(
            max_new_tokens=request.longest - len(request.ids),
            sampling=request.sampling,
            stops=request.stops,
            ignore_end=request.ignore_end,
            meters={},
        )
        return number, AnswerStream(self.model, Tape(self.model), request.ids, request.mixer, settings)

    def _finish(self, number: int, stream: AnswerStream | None, reason: str, error: str = "") -> LaneAnswer:
        tokens = stream.answer_tokens if stream else []
        columns = (
            tuple(token.token_id for token in tokens),
            tuple(token.text for token in tokens),
            tuple(token.logprob for token in tokens),
            tuple(token.entropy for token in tokens),
        )
        spoke, self._times = self._times, []
        spoken, self._spoken = self._spoken, None
        begins = spoken.first_said if spoken else 0
        return LaneAnswer(number, *columns, reason, spoke[-1] - spoke[0] if spoke else 0.0, error, begins)
