"""Recent measurements of one channel, for the strips and meters."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from steertui.widgets.transcript.heat import RunningStats

KEPT = 240


@dataclass
class ChannelReading:
    """Projections of one channel, newest last, and how often its cap acted in this answer.

    `usual` is mean and standard deviation on ordinary text, if the vector's card has them; otherwise σ
    refers to all projections measured so far.
    """

    recent: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    spread: RunningStats = field(default_factory=RunningStats)
    tokens: int = 0
    hits: int = 0
    usual: tuple[float, float] | None = None

    def add(self, projection: float, capped: bool | None = None) -> None:
        self.recent.append(projection)
        self.spread.add(projection)
        self.tokens += 1
        self.hits += bool(capped)

    def new_answer(self) -> None:
        self.tokens = self.hits = 0

    def sigmas(self, projection: float) -> float:
        """The projection in standard deviations from the reference mean; 0 without a reference."""
        if self.usual is None:
            return self.spread.sigmas(projection)
        mean, deviation = self.usual
        return (projection - mean) / deviation

    @property
    def sigma_reference(self) -> str:
        """The text whose projections define σ, in words."""
        return "all text so far" if self.usual is None else "ordinary text"

    @property
    def last(self) -> float | None:
        return self.recent[-1] if self.recent else None

    @property
    def hit_rate(self) -> float | None:
        return self.hits / self.tokens if self.tokens else None
