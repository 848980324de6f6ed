"""Budget in dollars and deadline in seconds for a run; both are enforced before each call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from vectors.claude.errors import ClaudeError
from vectors.claude.pricing import ClaudeCost


class Allowance:
    """Budget and deadline; calls in flight count at their upper bound. `None` sets no limit."""

    def __init__(
        self,
        dollars: float | None = None,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.dollars, self.seconds, self.used = dollars, seconds, ClaudeCost()
        self._clock, self._began, self._reserved = clock, clock(), 0.0
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return float("inf") if self.seconds is None else self._began + self.seconds - self._clock()

    def reserve(self, bound: ClaudeCost) -> None:
        """Reserve the bound of a call; raises if it exceeds the remaining budget."""
        if self.left <= 0:
            raise self.deadline_error()
        # Checked and reserved in one step: parallel calls must not spend the same dollars.
        with self._lock:
            if self.dollars is not None:
                self._check_budget(bound, self.dollars)
            self._reserved += bound.dollars or 0.0

    def settle(self, bound: ClaudeCost, real: ClaudeCost) -> None:
        """Replace the reserved bound of a call by its real cost, after success or failure."""
        with self._lock:
            # Both under one lock: in between, the call would count twice or not at all.
            self._reserved -= bound.dollars or 0.0
            self.used += real

    def count_cached(self) -> None:
        with self._lock:
            self.used += ClaudeCost(cached=1)

    def deadline_error(self) -> ClaudeError:
        return ClaudeError(
            f"Claude took longer than the {self.seconds:g} s allowed; finished answers are kept"
        )

    def _check_budget(self, bound: ClaudeCost, dollars: float) -> None:
        if bound.dollars is None:
            raise ClaudeError("no price is known for this Claude model: a budget in dollars cannot be held")
        spent = self.used.dollars or 0.0
        if spent + self._reserved + bound.dollars > dollars:
            raise ClaudeError(
                f"the budget of ${dollars:.2f} does not cover another question "
                f"(${spent:.4f} spent, up to ${bound.dollars:.4f} more); finished answers are kept"
            )
