"""How many tokens go into one batch, measured on the first batches.

No constant fits: on a CPU large padded batches are slower than one prompt at a time, on a GPU small ones
leave it idle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from core.model import Model

ON_CPU = (256, 512, 1024, 2048)
ON_GPU = (4096, 16384, 65536)
ROUNDS = 2
_measured: WeakKeyDictionary[Model, int] = WeakKeyDictionary()


@dataclass
class Budget:
    """Tries each candidate `ROUNDS` times, keeps the best rate of each, then stays with the fastest."""

    candidates: Sequence[int]
    rates: dict[int, list[float]] = field(default_factory=dict)
    limit: int = 2**62

    @property
    def settled(self) -> bool:
        return len(self._fitting()) == 1 or all(self._tries(c) >= ROUNDS for c in self._fitting())

    def tokens(self) -> int:
        """The budget of the next batch."""
        return self.best() if self.settled else min(self._fitting(), key=self._tries)

    def note(self, budget: int, tokens: int, seconds: float) -> None:
        """What a batch under this budget achieved; padding does not count as work done."""
        self.rates.setdefault(budget, []).append(tokens / max(seconds, 1e-9))

    def halve(self, used: int) -> None:
        """After running out of memory."""
        self.limit = max(1, used // 2)

    def best(self) -> int:
        return max(self._fitting(), key=lambda c: max(self.rates.get(c, [0.0])))

    def _fitting(self) -> Sequence[int]:
        return [c for c in self.candidates if c <= self.limit] or [self.limit]

    def _tries(self, candidate: int) -> int:
        return len(self.rates.get(candidate, ()))


def for_model(model: Model, total_tokens: int, fixed: int | None = None) -> Budget:
    """The given budget, else the one measured on this model before, else candidates if trying them pays."""
    candidates = ON_CPU if model.device.type == "cpu" else ON_GPU
    known = fixed or _measured.get(model)
    if known is None and total_tokens < 4 * ROUNDS * sum(candidates):
        known = candidates[1]
    return Budget(candidates if known is None else (known,))


def remember(model: Model, budget: Budget) -> None:
    if len(budget.candidates) > 1 and budget.settled:
        _measured[model] = budget.best()
