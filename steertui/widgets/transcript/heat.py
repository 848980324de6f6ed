"""Token heat: projections mapped to a few colour levels, and the encodings that show them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from steertui.widgets import glyphs

STEPS = 8
SIGMAS = 3.0
ENCODINGS = ("off", "background", "underline", "marks")
COLOURLESS = ("off", "marks")
MARKS = {-2: "=", -1: "-", 0: "·", 1: "+", 2: "#"}
"""The encoding without colour: a row under the text with − for low and + for high projections."""


@dataclass
class RunningStats:
    """Running mean and standard deviation of one channel's projections (Welford's update)."""

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.n += 1
        delta = value - self.mean
        self.mean += delta / self.n
        # Deviation before times deviation after: a sum of squares would lose digits to cancellation.
        self.squares += delta * (value - self.mean)

    @property
    def deviation(self) -> float:
        return math.sqrt(self.squares / (self.n - 1)) if self.n > 1 else 0.0

    def sigmas(self, value: float) -> float:
        """The value in standard deviations from the mean; 0 while there are too few values."""
        deviation = self.deviation
        return (value - self.mean) / deviation if deviation > 0 else 0.0


def heat_level(sigmas: float) -> int:
    """σ as a level from −STEPS to STEPS, clipped at three standard deviations."""
    share = max(-1.0, min(1.0, sigmas / SIGMAS))
    return round(share * STEPS)


def heat_mark(step: int) -> str:
    """A level as one of five characters, with thresholds at two steps (0.75 σ) and five steps (1.9 σ)."""
    size = (abs(step) >= 2) + (abs(step) >= 5)
    return MARKS[size if step > 0 else -size]


def available_encodings() -> tuple[str, ...]:
    """The encodings this terminal can show."""
    return ENCODINGS if glyphs.current_glyphs().colours else COLOURLESS
