"""Answers to several prompts under several pushes, sampled in one batch with common random numbers.

Rows stand push by push. Prompts that begin alike share this beginning under each push; the rest is padded on
the left. The random numbers depend on seed, prompt and token, so answers to one prompt differ by their push only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from core.errors import BadInput
from core.generation.endings import end_ids
from core.generation.sampling import likeliest_tokens
from core.jobs.job import Progress, Steps, gpu_task
from core.model.cache import cache_keyword, forward_parameters
from core.model.cache_layers import has_plain_cache
from core.model.roomy_cache import roomy_cache
from core.model.row_pushes import RowPushes
from core.regions.spoken_part import LONGEST_THOUGHT, SpokenPart
from vectors.checks.gradients.scored_rows import SHORTEST_PREFIX, ScoredRow, shared_length
from vectors.texts.thinking import marks_thoughts

if TYPE_CHECKING:
    from core.model.model import Model

Ids = Sequence[int]
Push = Mapping[int, Tensor]


@dataclass(frozen=True)
class BatchAnswer:
    """The tokens of one answer without its end token, and whether it came to an end; `thought` comes before it."""

    tokens: tuple[int, ...]
    ended: bool = False
    thought: tuple[int, ...] = ()


def sample_answers(
    model: Model,
    prompts: Sequence[Ids],
    pushes: Sequence[Push | None] = (None,),
    *,
    max_new: int,
    temperature: float,
    seed: int = 0,
    label: str = "tokens generated",
) -> Steps[list[list[BatchAnswer]]]:
    """One list per push, with an answer per prompt. One token of all rows is one task.

    Of a model that thinks first, `max_new` counts the answer's own tokens.
    """
    every = range(len(prompts))
    # A running state would read the padding, so there each prompt is a batch of its own.
    batches = [list(every)] if has_plain_cache(model.hf) else [[index] for index in every]
    found: list[list[BatchAnswer]] = [[BatchAnswer(())] * len(prompts) for _ in pushes]
    for number, chosen in enumerate(batches):
        rows = AnswerBatch(
            model, [prompts[i] for i in chosen], pushes, temperature, seed + 7919 * number, max_new
        )
        most = max_new + (2 * LONGEST_THOUGHT if marks_thoughts(model) else 0)
        for step in range(most):
            goes_on = yield gpu_task(partial(rows.step, step))
            done = number * most + (step + 1 if goes_on else most)
            yield Progress(done, len(batches) * most, label)
            if not goes_on:
                break
        for push, answers in enumerate(rows.answers()):
            for index, answer in zip(chosen, answers, strict=True):
                found[push][index] = answer
    return found


@dataclass
class AnswerBatch:
    """The rows of one batch between two tokens."""

    model: Model
    prompts: Sequence[Ids]
    pushes: Sequence[Push | None]
    temperature: float
    seed: int
    max_new: int
    generated: list[list[int]] = field(default_factory=list)
    done: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        count = len(self.pushes) * len(self.prompts)
        self.generated, self.done = [[] for _ in range(count)], [False] * count
        self._noise = torch.Generator().manual_seed(self.seed % 2**63)
        self._ends = end_ids(self.model.hf, self.model.tokenizer)
        notation = self.model.notation
        self._spoken = [
            SpokenPart(notation, self.model.tokenizer, prompt) for _ in self.pushes for prompt in self.prompts
        ]
        self._accepts = forward_parameters(self.model)
        self._keyword = cache_keyword(self.model) or ""
        self._cache: Any = None
        self._mask = torch.zeros(count, 0, dtype=torch.long, device=self.model.device)

    def step(self, index: int) -> bool:
        """Sample the next token of every row; False once all have ended."""
        with torch.no_grad():
            logits = self._prefill() if index == 0 else self._decode()
        chosen = self._choose(logits)
        for row, token in enumerate(chosen):
            if not self.done[row]:
                spoken = self._spoken[row]
                closing = spoken.closing_token
                token = token if closing is None else closing
                self.generated[row].append(token)
                spoken.add(token)
                self.done[row] = token in self._ends or spoken.count >= self.max_new
        return not all(self.done)

    def answers(self) -> list[list[BatchAnswer]]:
        every = [self._answer(row) for row in range(len(self.generated))]
        width = len(self.prompts)
        return [every[start : start + width] for start in range(0, len(every), width)]

    def _answer(self, row: int) -> BatchAnswer:
        ended = bool(self.generated[row]) and self.generated[row][-1] in self._ends
        tokens = tuple(self.generated[row][:-1] if ended else self.generated[row])
        begins = self._spoken[row].first_said
        return BatchAnswer(tokens[begins:], ended, tokens[:begins])

    def _prefill(self) -> Tensor:
        count = self._shared_beginning()
        rest = [list(prompt[count:]) for prompt in self.prompts]
        width = max(map(len, rest))
        ids = torch.tensor([[0] * (width - len(row)) + row for row in rest])
        seen = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rest])
        ids, seen = (part.repeat(len(self.pushes), 1).to(self.model.device) for part in (ids, seen))
        return self._forward(ids, seen)

    def _shared_beginning(self) -> int:
        """Run the beginning that all prompts share, once under each push; its length."""
        count = shared_length([ScoredRow(tuple(prompt), ()) for prompt in self.prompts])
        if count < SHORTEST_PREFIX or len(self.prompts) == 1 or not has_plain_cache(self.model.hf):
            return 0
        self._cache = roomy_cache()
        ids = torch.tensor([list(self.prompts[0][:count])] * len(self.pushes), device=self.model.device)
        with self.model.steering.steering_with(RowPushes(self._stacked(1))):
            self.model.anatomy.trunk(input_ids=ids, past_key_values=self._cache, use_cache=True)
        self._cache.batch_repeat_interleave(len(self.prompts))
        self._mask = torch.ones(len(self.generated), count, dtype=torch.long, device=self.model.device)
        return count

    def _decode(self) -> Tensor:
        ids = torch.tensor([[tokens[-1]] for tokens in self.generated], device=self.model.device)
        return self._forward(ids, torch.ones_like(ids))

    def _forward(self, ids: Tensor, seen: Tensor) -> Tensor:
        """Logits [rows, vocabulary] behind the last position; pads are masked and count no position."""
        self._mask = torch.cat([self._mask, seen], dim=1)
        if self._cache is None:
            self._cache = roomy_cache() if has_plain_cache(self.model.hf) else None
        options: dict[str, Any] = {self._keyword: self._cache, "use_cache": True}
        if not bool(self._mask.all()):
            options["attention_mask"] = self._mask
            if "position_ids" in self._accepts:
                places = (self._mask.cumsum(dim=1) - 1).clamp(min=0)
                options["position_ids"] = places[:, -ids.shape[1] :]
        if "logits_to_keep" in self._accepts:
            options["logits_to_keep"] = 1
        with self.model.steering.steering_with(RowPushes(self._stacked(len(self.prompts)))):
            out = self.model.hf(input_ids=ids, **options)
        self._cache = getattr(out, self._keyword)
        logits: Tensor = out.logits[:, -1].float().contiguous()
        return logits

    def _stacked(self, copies: int) -> dict[int, Tensor]:
        """[pushes · copies, 1, d] by layer."""
        layers = sorted({layer for push in self.pushes if push for layer in push})
        zero = torch.zeros(self.model.hidden_size)
        return {
            layer: torch.stack([(push or {}).get(layer, zero).cpu() for push in self.pushes])
            .repeat_interleave(copies, dim=0)[:, None]
            .to(self.model.anatomy.sites[layer].device)
            for layer in layers
        }

    def _choose(self, logits: Tensor) -> list[int]:
        # The maximum shows NaN and +∞.
        if not bool(torch.isfinite(logits.amax())):
            raise BadInput("the model's logits are not finite under this push")
        if self.temperature > 0:
            # Gumbel noise makes the largest sum a sample of the softmax, and rows of a prompt comparable.
            noise = torch.rand(len(self.prompts), logits.shape[1], generator=self._noise).clamp_(
                1e-20, 1 - 1e-7
            )
            noise = noise.log_().neg_().log_().neg_().to(logits.device)
            # In place: new tensors of this size cost more than the arithmetic.
            logits.div_(self.temperature).view(len(self.pushes), *noise.shape).add_(noise)
        return likeliest_tokens(logits)
