"""Heat: where a projection lies on a scale of few steps, and the encodings that can show it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from steertui.widgets import glyphs

STEPS = 8
SIGMAS = 3.0
ENCODINGS = ("off", "background", "underline", "marks")
COLOURLESS = ("off", "marks")
MARKS = {-2: "=", -1: "-", 0: "·", 1: "+", 2: "#"}
"""The encoding that needs no colour: a row under the words, minus signs below the usual, plus signs above it."""


@dataclass
class Spread:
    """Running mean and deviation of one channel's projections (Welford's update)."""

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.n += 1
        delta = value - self.mean
        self.mean += delta / self.n
        self.squares += delta * (value - self.mean)

    @property
    def deviation(self) -> float:
        return math.sqrt(self.squares / (self.n - 1)) if self.n > 1 else 0.0

    def sigmas(self, value: float) -> float:
        """How many deviations from the mean; 0 while there is nothing to compare with."""
        deviation = self.deviation
        return (value - self.mean) / deviation if deviation > 0 else 0.0


def level(sigmas: float) -> int:
    """−STEPS … STEPS, clipped at three deviations."""
    share = max(-1.0, min(1.0, sigmas / SIGMAS))
    return round(share * STEPS)


def mark(step: int) -> str:
    """A level as one of five characters: two steps (0.75 σ) count as something, five (1.9 σ) as much."""
    size = (abs(step) >= 2) + (abs(step) >= 5)
    return MARKS[size if step > 0 else -size]


def encodings() -> tuple[str, ...]:
    """What this terminal can show."""
    return ENCODINGS if glyphs.now().colours else COLOURLESS
