"""Measures tokens per second over the last two seconds."""

from __future__ import annotations

from collections import deque
from time import monotonic

WINDOW = 2.0


class TokenRate:
    """Counts arriving tokens; tests may pass the time."""

    def __init__(self) -> None:
        self._arrivals: deque[tuple[float, int]] = deque()

    def add(self, tokens: int, now: float | None = None) -> None:
        self._arrivals.append((monotonic() if now is None else now, tokens))

    def clear(self) -> None:
        self._arrivals.clear()

    def rate(self, now: float | None = None) -> float | None:
        """Tokens per second, or None while there are too few arrivals."""
        now = monotonic() if now is None else now
        while self._arrivals and now - self._arrivals[0][0] > WINDOW:
            self._arrivals.popleft()
        if len(self._arrivals) < 2:
            return None
        # The first arrival only starts the clock: its tokens were generated before it.
        spent = now - self._arrivals[0][0]
        return sum(tokens for _, tokens in list(self._arrivals)[1:]) / spent if spent > 0 else None
