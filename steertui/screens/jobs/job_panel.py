"""Progress of one stage of a job: share done, rate and time left."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class StageProgress:
    """Times are seconds on the session's clock. `began` is the time of the stage before's last report."""

    unit: str
    began: float
    done: int = 0
    total: int = 0
    first: tuple[float, int] | None = None
    last: float = 0.0

    def set_progress(self, done: int, total: int, at: float) -> None:
        self.done, self.total, self.last = done, total, at
        # Progress that goes back means that the stage has begun again.
        if self.first is None or done < self.first[1]:
            self.first = at, done

    @property
    def share(self) -> float | None:
        return min(self.done / self.total, 1.0) if self.total > 0 else None

    @property
    def rate(self) -> float | None:
        """Units per second since the first report; with one report only, since the stage began."""
        if self.first is None:
            return None
        # The first report may count work done before, for example in a resumed job.
        at, done = self.first
        if self.last > at and self.done > done:
            return (self.done - done) / (self.last - at)
        return self.done / (at - self.began) if at > self.began and self.done else None

    def seconds_left(self, now: float) -> float | None:
        """Estimated seconds until the stage ends, corrected by the time since the last report."""
        if not self.rate:
            return None
        return max(0.0, (self.total - self.done) / self.rate - max(0.0, now - self.last))
