"""Generates many answers in lanes of one batch: prompts of any length, each lane with its own mixer and settings.

Prompts are encoded in groups and join the others for decoding. A lane whose answer has ended takes another prompt;
when none waits, idle lanes are dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from core.errors import OutOfMemory, UsageError
from core.generation.batch.lane_answer import (
    AnswerEnds,
    GrowingAnswer,
    LaneAnswer,
    LaneRequest,
    aged_mixer,
    has_half_life,
)
from core.generation.batch.lane_cache import LaneCache
from core.generation.batch.lane_pass import LanePass
from core.generation.batch.prompt_group import PromptGroup, distinct_mixers, group_size, refusal_of
from core.generation.probabilities import log_probabilities
from core.generation.sampling import likeliest_tokens
from core.model.cache import Tape
from core.steering.plan import Plan

if TYPE_CHECKING:
    from core.model.model import Model

REFILL_SHARE = 8
"""New prompts are encoded when one lane in eight is idle: a pass costs nearly the same for one as for four."""
DROP_SHARE = 4
"""Idle lanes are dropped when they are one in four: fewer cost less than the copy of the cache."""


class BatchCache(Protocol):
    """The cache of all lanes, and what a pass over one token of each needs beside the ids."""

    def mask(self) -> Tensor: ...
    def positions(self) -> Tensor: ...
    def advance(self, lanes: list[bool]) -> None: ...
    def keep_lanes(self, lanes: list[int]) -> None: ...


class WaitingGroup(Protocol):
    """Prompts being encoded into the batch's cache; `feed` runs one chunk and says whether it was the last."""

    answers: list[GrowingAnswer]
    lanes: list[int]

    def feed(self, cache: Any) -> bool: ...


class LaneBatch:
    """`step` runs one short piece of work, a chunk of prompts or one token of every lane, until `done`."""

    def __init__(self, model: Model, requests: Mapping[int, LaneRequest], n_lanes: int) -> None:
        if n_lanes < 1:
            raise UsageError(f"a batch has at least one lane, not {n_lanes}")
        self.model = model
        ends = AnswerEnds(model)
        self._waiting = deque(GrowingAnswer(ends, number, each) for number, each in requests.items())
        self._n_lanes = min(n_lanes, len(requests))
        self._lanes: list[GrowingAnswer | None] = [None] * self._n_lanes
        self._groups: deque[WaitingGroup] = deque()
        self._cache: BatchCache = LaneCache(self._n_lanes, model.n_layers, model.device, model.dtype)
        tape = Tape(model)
        self._cache_keyword, self._last_only = tape.cache_keyword, tape.last_only
        self._plan: tuple[tuple[int, ...], Plan] | None = None

    @property
    def done(self) -> bool:
        return not (self._waiting or self._groups or self.growing)

    @property
    def growing(self) -> list[GrowingAnswer]:
        """The unfinished answers in the lanes."""
        return [answer for answer in self._lanes if answer is not None]

    @property
    def has_tokens(self) -> bool:
        return any(answer.ids for answer in self.growing)

    def step(self) -> list[LaneAnswer]:
        """Do the next piece of work; returns the answers that ended with it."""
        if self._groups:
            self._feed_group()
            return []
        if self._waiting and self._is_refill_due():
            return self._take_prompts()
        return self._decode()

    def _is_refill_due(self) -> bool:
        idle = self._lanes.count(None)
        return idle == len(self._lanes) or idle * REFILL_SHARE >= len(self._lanes)

    def _take_prompts(self) -> list[LaneAnswer]:
        """Group waiting prompts for the idle lanes; returns those that cannot be answered."""
        idle = [lane for lane, answer in enumerate(self._lanes) if answer is None]
        taken, refused = self._next_prompts(len(idle))
        while taken:
            size = group_size(self.model, [len(answer.request.ids) for answer in taken])
            self._groups.append(PromptGroup(self.model, taken[:size], idle[:size]))
            taken, idle = taken[size:], idle[size:]
        return refused

    def _next_prompts(self, count: int) -> tuple[list[GrowingAnswer], list[LaneAnswer]]:
        """Up to `count` waiting prompts, and those before them that cannot be answered."""
        taken, refused = list[GrowingAnswer](), list[LaneAnswer]()
        while self._waiting and len(taken) < count:
            answer = self._waiting.popleft()
            # One prompt that cannot be answered does not stop the others.
            if why := refusal_of(self.model, answer):
                refused.append(answer.finish("error", why))
            else:
                taken.append(answer)
        # By length, so that a group has little padding.
        return sorted(taken, key=lambda answer: len(answer.request.ids)), refused

    def _feed_group(self) -> None:
        group = self._groups[0]
        if group.feed(self._cache):
            self._groups.popleft()
            for lane, answer in zip(group.lanes, group.answers, strict=True):
                self._lanes[lane] = answer

    def _decode(self) -> list[LaneAnswer]:
        """One token of every lane."""
        if not self._waiting:
            self._drop_idle_lanes()
        logits = self.feed_tokens()
        busy = [lane for lane, answer in enumerate(self._lanes) if answer is not None]
        self._cache.advance([answer is not None for answer in self._lanes])
        ended = self._sample(self.growing, logits[busy] if len(busy) < len(self._lanes) else logits)
        over = {answer.number for answer in ended}
        self._lanes = [None if answer and answer.number in over else answer for answer in self._lanes]
        return ended

    def _drop_idle_lanes(self) -> None:
        busy = [lane for lane, answer in enumerate(self._lanes) if answer is not None]
        if DROP_SHARE * (len(self._lanes) - len(busy)) >= len(self._lanes):
            self._cache.keep_lanes(busy)
            self._lanes = [self._lanes[lane] for lane in busy]

    def feed_tokens(self) -> Tensor:
        """One steered pass over the last token of every lane; logits [lanes, vocabulary]."""
        # An idle lane repeats token 0 at its end, which nobody reads.
        ids = [[answer.last_id if answer else 0] for answer in self._lanes]
        phases = [answer.phase if answer else "answer" for answer in self._lanes]
        steering = LanePass.of(self._plan_lanes(), phases)
        try:
            with torch.inference_mode(), self.model.steering.steering_with(steering):
                out = self.model.hf(
                    input_ids=torch.tensor(ids, device=self.model.device),
                    attention_mask=self._cache.mask(),
                    position_ids=self._cache.positions(),
                    use_cache=True,
                    **{self._cache_keyword: self._cache},
                    **self._last_only,
                )
        except torch.OutOfMemoryError as error:
            raise OutOfMemory(f"out of memory with {len(ids)} answers at once: use fewer lanes") from error
        logits: Tensor = out.logits[:, -1].float()
        return logits

    def _plan_lanes(self) -> Plan:
        """The plan of the mixers in the lanes, made anew when a lane changes or a half-life runs."""
        # An idle lane keeps company with the first busy one.
        first = self.growing[0]
        answers = [answer or first for answer in self._lanes]
        mixers = [answer.request.mixer for answer in answers]
        if has_half_life(mixers):
            aged = [aged_mixer(answer.request.mixer, len(answer.ids)) for answer in answers]
            return self.model.planner.plan(aged)
        names = tuple(map(id, mixers))
        if self._plan is None or self._plan[0] != names:
            self._plan = names, self.model.planner.plan(distinct_mixers(mixers))
        return self._plan[1]

    def _sample(self, answers: Sequence[GrowingAnswer], logits: Tensor) -> list[LaneAnswer]:
        """Sample one token for each of these answers from its row; returns those that ended."""
        logprobs = log_probabilities(logits)
        # The maximum shows NaN and +∞; a −∞ logit alone only excludes its token.
        finite = torch.isfinite(logits.amax(-1)).tolist()
        likeliest = likeliest_tokens(logits)
        # p log p tends to 0 with p, but 0·(−∞) is NaN.
        entropies = (-(logprobs.exp() * logprobs).nan_to_num_(0.0).sum(-1)).tolist()
        ended = []
        for row, answer in enumerate(answers):
            if not finite[row]:
                state = answer.request.mixer.summary
                ended.append(
                    answer.finish("error", f"the logits are not finite under {state}: lower the scales")
                )
                continue
            sampling = answer.request.sampling
            # Without processors the likeliest token is the answer's: one search serves all lanes.
            greedy = sampling.temperature == 0.0 and not sampling.processors
            token = likeliest[row]
            if not greedy:
                token = sampling.sample_token(logits[row], answer.context, len(answer.ids))
            if (closing := answer.closing_token) is not None:
                token = closing
            answer.add(token, float(logprobs[row, token]), entropies[row])
            if reason := answer.stop_reason:
                ended.append(answer.finish(reason))
        return ended
