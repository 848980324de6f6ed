"""Many answers at once in models that keep a running state: a group of prompts, padded on the left, decoded together.

A state holds one text up to now, so all lanes have to end at the same column, and a lane that ends cannot take another
prompt. The mask keeps padding out of attention and state, and positions count each lane's own tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from transformers import DynamicCache

from core.generation.batch.lane_answer import GrowingAnswer, LaneAnswer
from core.generation.batch.lane_batch import LaneBatch
from core.generation.batch.prompt_group import CPU_TOKENS, GPU_TOKENS, distinct_mixers
from core.model.cache import Tape, phase_spans
from core.model.cache_layers import has_plain_cache
from core.model.hooks import EagerPass

if TYPE_CHECKING:
    from core.model.model import Model


class PaddedCache(DynamicCache):
    """The cache of lanes whose texts end at the same column; `pads` columns before a lane's first token are masked."""

    def __init__(self, model: Model, prompts: Sequence[int]) -> None:
        """`prompts` are the tokens of each lane's prompt without its last one, which decoding feeds."""
        super().__init__(**({} if has_plain_cache(model.hf) else {"config": model.hf.config}))
        longest = max(prompts)
        self.pads = torch.tensor([longest - count for count in prompts], device=model.device)
        self.columns = 0
        self._last_position = model.max_context - 1

    def next_mask(self, more: int) -> Tensor:
        """[lanes, columns]: 1 where a lane has a token, for the columns so far and `more`."""
        columns = torch.arange(self.columns + more, device=self.pads.device)
        return (columns >= self.pads[:, None]).long()

    def next_positions(self, more: int) -> Tensor:
        """[lanes, more]: each lane's own count."""
        columns = torch.arange(self.columns, self.columns + more, device=self.pads.device)
        # A lane that has ended goes on as padding, perhaps beyond the context.
        return (columns - self.pads[:, None]).clamp(0, self._last_position)

    def mask(self) -> Tensor:
        return self.next_mask(1)

    def positions(self) -> Tensor:
        return self.next_positions(1)

    def advance(self, lanes: list[bool]) -> None:
        """Count the column just fed."""
        self.columns += 1

    def keep_lanes(self, lanes: list[int]) -> None:
        """Drop all other lanes."""
        chosen = torch.tensor(lanes, device=self.pads.device)
        # The only operation on lanes that every class of layer has.
        self.reorder_cache(chosen)
        self.pads = self.pads[chosen]


class PaddedGroup:
    """Prompts on their way into a `PaddedCache`; `feed` runs one chunk and says whether it was the last."""

    def __init__(self, model: Model, answers: Sequence[GrowingAnswer]) -> None:
        self.answers, self.lanes = list(answers), list(range(len(answers)))
        prompts = [answer.request.ids[:-1] for answer in answers]
        self.counts = [len(prompt) for prompt in prompts]
        longest = max(self.counts)
        self._model, self._tape = model, Tape(model)
        self._rows = torch.tensor(
            [[*[0] * (longest - len(ids)), *ids] for ids in prompts], dtype=torch.long, device=model.device
        )
        budget = CPU_TOKENS if model.device.type == "cpu" else GPU_TOKENS
        # A second chunk would begin with an empty state in these models.
        self._size = longest if self._tape.one_at_a_time else max(1, budget // len(prompts))

    def feed(self, cache: PaddedCache) -> bool:
        start, longest = cache.columns, max(self.counts)
        stop = min(start + self._size, longest)
        if start < stop:
            self._run_chunk(cache, self._rows[:, start:stop])
            cache.columns = stop
        return stop == longest

    def _run_chunk(self, cache: PaddedCache, ids: Tensor) -> None:
        mixers = distinct_mixers([answer.request.mixer for answer in self.answers])
        plan, width = self._model.planner.plan(mixers), ids.shape[1]
        steering = EagerPass(phase_spans(["prompt"] * width, plan))
        with torch.inference_mode(), self._model.steering.steering_with(steering):
            self._model.hf(
                input_ids=ids,
                attention_mask=cache.next_mask(width),
                position_ids=cache.next_positions(width),
                use_cache=True,
                **{self._tape.cache_keyword: cache},
                **self._tape.last_only,
            )


class PaddedBatch(LaneBatch):
    """The same as `LaneBatch`, a group of prompts after the other."""

    def _is_refill_due(self) -> bool:
        return not self.growing

    def _take_prompts(self) -> list[LaneAnswer]:
        taken, refused = self._next_prompts(self._n_lanes)
        self._lanes = [None] * len(taken)
        if taken:
            group = PaddedGroup(self.model, taken)
            self._groups.append(group)
            self._cache = PaddedCache(self.model, group.counts)
        return refused

    def _decode(self) -> list[LaneAnswer]:
        # No prompt waits for an idle lane here.
        self._drop_idle_lanes()
        return super()._decode()
