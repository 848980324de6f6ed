"""Encodes the prompts of several lanes in one pass: all of each prompt but its last token, which decoding feeds.

Shorter prompts are padded on the right. A causal model's tokens see only earlier ones, so padding changes nothing
before it, and the lane's next tokens overwrite it. What all prompts of a group begin with, such as a system prompt, is
encoded once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from core.errors import SteerError
from core.generation.batch.lane_answer import GrowingAnswer
from core.generation.prefill import feed_in_chunks
from core.generation.stream import check_length
from core.mixer.lanes import same_prompt
from core.mixer.mixer import Mixer
from core.model.cache import Tape

if TYPE_CHECKING:
    from core.generation.batch.lane_cache import LaneCache
    from core.model.model import Model

CPU_TOKENS, GPU_TOKENS = 512, 8192
"""Tokens of one pass, padding included: larger ones gain nothing on a CPU."""


class PromptGroup:
    """Prompts on their way into lanes; `feed` runs one chunk and says whether it was the last."""

    def __init__(self, model: Model, answers: Sequence[GrowingAnswer], lanes: Sequence[int]) -> None:
        self.answers, self.lanes = list(answers), list(lanes)
        self._model, self._tape = model, Tape(model)
        self._mixers = [answer.request.mixer for answer in answers]
        self._prompts = [answer.request.ids[:-1] for answer in answers]
        self._longest = max(map(len, self._prompts))
        self._chunks = self._encode()

    def feed(self, cache: LaneCache) -> bool:
        """Encode one chunk; after the last one the prompts are in their lanes."""
        next(self._chunks, None)
        if len(self._tape) < self._longest:
            return False
        counts = [len(prompt) for prompt in self._prompts]
        if self._longest:
            cache.write_prompts(self.lanes, self._tape.cache, counts)
        else:
            # Prompts of one token have nothing to encode.
            cache.set_lengths(self.lanes, counts)
        return True

    def _encode(self) -> Iterator[object]:
        """The common beginning in one lane, then the rest in as many as there are prompts."""
        planner, shared = self._model.planner, self._shared_tokens()
        if shared:
            first = planner.plan(self._mixers[:1])
            yield from feed_in_chunks(self._tape, [self._prompts[0][:shared]], ["prompt"] * shared, first)
            self._tape.repeat_lane(len(self._prompts))
        else:
            self._tape = Tape(self._model, len(self._prompts))
        rest = self._longest - shared
        rows = [[*ids[shared:], *[0] * (self._longest - len(ids))] for ids in self._prompts]
        plan = planner.plan(distinct_mixers(self._mixers))
        yield from feed_in_chunks(self._tape, rows, ["prompt"] * rest, plan)

    def _shared_tokens(self) -> int:
        """Tokens that all prompts begin with, if their lanes steer prompts alike."""
        if len(self._prompts) == 1 or not same_prompt(self._mixers):
            return 0
        columns = enumerate(zip(*self._prompts, strict=False))
        shortest = min(map(len, self._prompts))
        return next((i for i, column in columns if len(set(column)) > 1), shortest)


def refusal_of(model: Model, answer: GrowingAnswer) -> str:
    """Why this prompt cannot be answered; empty if it can."""
    try:
        check_length(model, len(answer.request.ids))
        model.planner.plan([answer.request.mixer])
    except SteerError as error:
        return str(error)
    return ""


def group_size(model: Model, lengths: Sequence[int]) -> int:
    """How many of these prompts, shortest first, fit one pass."""
    budget = CPU_TOKENS if model.device.type == "cpu" else GPU_TOKENS
    fits = [n for n, longest in enumerate(lengths, start=1) if n * longest <= budget]
    return max(fits, default=1)


def distinct_mixers(mixers: Sequence[Mixer]) -> Sequence[Mixer]:
    """One mixer where all lanes share it: a plan for one lane serves any number."""
    return mixers[:1] if all(mixer is mixers[0] for mixer in mixers) else mixers
