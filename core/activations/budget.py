"""Chooses the number of tokens per batch by measuring the first batches.

No constant fits all machines: on CPU large padded batches are slower than single prompts, on GPU small ones
leave it idle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from core.model.model import Model

ON_CPU = (256, 512, 1024, 2048)
ON_GPU = (4096, 16384, 65536)
ROUNDS = 2
_measured: WeakKeyDictionary[Model, int] = WeakKeyDictionary()


@dataclass
class TokenBudget:
    """Tries each candidate size `ROUNDS` times, then uses the one with the best measured speed."""

    candidates: Sequence[int]
    rates: dict[int, list[float]] = field(default_factory=dict)
    limit: int = 2**62

    @property
    def is_settled(self) -> bool:
        return len(self._candidates_within_limit()) == 1 or all(
            self._try_count(c) >= ROUNDS for c in self._candidates_within_limit()
        )

    def next_limit(self) -> int:
        """Token limit of the next batch."""
        return self.best() if self.is_settled else min(self._candidates_within_limit(), key=self._try_count)

    def record_speed(self, budget: int, tokens: int, seconds: float) -> None:
        """Record the speed of one batch; padding is not counted as work."""
        self.rates.setdefault(budget, []).append(tokens / max(seconds, 1e-9))

    def halve(self, used: int) -> None:
        """Reduce the limit after running out of memory."""
        self.limit = max(1, used // 2)

    def best(self) -> int:
        return max(self._candidates_within_limit(), key=lambda c: max(self.rates.get(c, [0.0])))

    def _candidates_within_limit(self) -> Sequence[int]:
        return [c for c in self.candidates if c <= self.limit] or [self.limit]

    def _try_count(self, candidate: int) -> int:
        return len(self.rates.get(candidate, ()))


def budget_for_model(model: Model, total_tokens: int, fixed: int | None = None) -> TokenBudget:
    """The given size, else the one measured before on this model, else candidates if trying pays off."""
    candidates = ON_CPU if model.device.type == "cpu" else ON_GPU
    known = fixed or _measured.get(model)
    if known is None and total_tokens < 4 * ROUNDS * sum(candidates):
        known = candidates[1]
    return TokenBudget(candidates if known is None else (known,))


def remember_budget(model: Model, budget: TokenBudget) -> None:
    if len(budget.candidates) > 1 and budget.is_settled:
        _measured[model] = budget.best()
