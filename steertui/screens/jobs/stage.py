"""One stage of a job: how far it is, how fast it goes, how long it will take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Stage:
    """Times are seconds on the session's own clock. `began` is when whatever came before had ended."""

    unit: str
    began: float
    done: int = 0
    total: int = 0
    first: tuple[float, int] | None = None
    last: float = 0.0

    def reached(self, done: int, total: int, at: float) -> None:
        self.done, self.total, self.last = done, total, at
        if self.first is None or done < self.first[1]:
            self.first = at, done

    @property
    def share(self) -> float | None:
        return min(self.done / self.total, 1.0) if self.total > 0 else None

    @property
    def rate(self) -> float | None:
        """Units a second since the first report; before a second one, since the stage began."""
        if self.first is None:
            return None
        at, done = self.first
        if self.last > at and self.done > done:
            return (self.done - done) / (self.last - at)
        return self.done / (at - self.began) if at > self.began and self.done else None

    def left(self, now: float) -> float | None:
        """Seconds until the end at this rate; what has passed since the last report counts."""
        if not self.rate:
            return None
        return max(0.0, (self.total - self.done) / self.rate - max(0.0, now - self.last))
