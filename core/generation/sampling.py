"""Samples a token from logits: transformers' own processors on float32 logits, one CPU generator.

The random number of a token depends on (seed, token index) alone. So a rewind, a branch and a replay draw the
same random numbers at the same place, and two lanes with one seed differ only through steering.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from transformers.generation.logits_process import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from core.errors import UsageError
from core.mixer.numbers import finite_number

SEED_STRIDE = 0x9E3779B97F4A7C15
SEED_RANGE = 2**63
COLDEST = 1e-4  # colder than this, logits overflow and nothing else changes


@dataclass(frozen=True)
class TokenSampler:
    """Sampling settings of one answer; temperature 0 is greedy."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if finite_number("temperature", self.temperature) < 0:
            raise UsageError(f"temperature must not be negative, got {self.temperature:g}")
        if not 0 < finite_number("top-p", self.top_p) <= 1:
            raise UsageError(f"top-p must lie in (0, 1], got {self.top_p:g}")
        if self.top_k < 0:
            raise UsageError(f"top-k must not be negative, got {self.top_k}")
        if not finite_number("repetition penalty", self.repetition_penalty) > 0:
            raise UsageError(f"repetition penalty must be positive, got {self.repetition_penalty:g}")

    @cached_property
    def processors(self) -> LogitsProcessorList:
        """Logits processors in the order `generate` applies them: penalty, temperature, top-k, top-p."""
        chosen = LogitsProcessorList()
        if self.repetition_penalty != 1.0:
            chosen.append(RepetitionPenaltyLogitsProcessor(self.repetition_penalty))
        if self.temperature not in (0.0, 1.0):
            chosen.append(TemperatureLogitsWarper(max(self.temperature, COLDEST)))
        if self.temperature and self.top_k:
            chosen.append(TopKLogitsWarper(self.top_k))
        if self.temperature and self.top_p < 1.0:
            chosen.append(TopPLogitsWarper(self.top_p))
        return chosen

    def sample_token(self, logits: Tensor, history: Sequence[int], index: int) -> int:
        """Sample the token of one lane from its logits [vocabulary]."""
        scores = logits[None]
        if self.processors:
            scores = self.processors(torch.tensor([list(history)], device=logits.device), scores)
        if self.temperature == 0.0:
            return likeliest_tokens(scores)[0]
        # The stride 2⁶⁴/φ spreads the sum: close seeds do not repeat each other's random numbers.
        generator = torch.Generator().manual_seed((self.seed + (index + 1) * SEED_STRIDE) % SEED_RANGE)
        # On the CPU for every device: a GPU's generator draws other numbers from the same seed.
        return int(torch.multinomial(scores[0].cpu().softmax(-1), 1, generator=generator))


def likeliest_tokens(logits: Tensor) -> list[int]:
    """The token with the largest logit of every row, the first of equals."""
    # On a CPU numpy takes 7 µs for 49,152 logits, torch 114.
    found = logits.argmax(-1) if logits.device.type != "cpu" else logits.numpy().argmax(-1)
    return [int(token) for token in found.tolist()]
