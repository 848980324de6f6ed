"""What the engine measured on a channel lately, in the few numbers the strips and meters show."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from steertui.widgets.transcript.heat import Spread

KEPT = 240


@dataclass
class Reading:
    """Projections of one channel, newest last, and how often its cap acted in this answer."""

    recent: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    spread: Spread = field(default_factory=Spread)
    tokens: int = 0
    hits: int = 0

    def add(self, projection: float, capped: bool | None = None) -> None:
        self.recent.append(projection)
        self.spread.add(projection)
        self.tokens += 1
        self.hits += bool(capped)

    def new_answer(self) -> None:
        self.tokens = self.hits = 0

    @property
    def last(self) -> float | None:
        return self.recent[-1] if self.recent else None

    @property
    def hit_rate(self) -> float | None:
        return self.hits / self.tokens if self.tokens else None
