"""Colour per token: a projection against how that channel usually reads, on a blue–orange scale of few steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rich.style import Style
from textual.color import Color

STEPS = 8
SIGMAS = 3.0
ENCODINGS = ("off", "background", "underline")


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
        return (value - self.mean) / self.deviation if self.deviation > 0 else 0.0


def level(sigmas: float) -> int:
    """−STEPS … STEPS, clipped at three deviations."""
    share = max(-1.0, min(1.0, sigmas / SIGMAS))
    return round(share * STEPS)


def palette(ground: Color, cool: Color, warm: Color, encoding: str) -> list[Style]:
    """One style per level, index 0 being −STEPS. Few styles, so that every one is made once and cached."""
    return [_style(ground, cool if step < 0 else warm, abs(step) / STEPS, encoding) for step in _steps()]


def _steps() -> range:
    return range(-STEPS, STEPS + 1)


def _style(ground: Color, hue: Color, share: float, encoding: str) -> Style:
    if encoding == "off" or share == 0:
        return Style.null()
    if encoding == "background":
        return Style(bgcolor=ground.blend(hue, 0.12 + 0.55 * share).rich_color)
    shade = ground.blend(hue, 0.55 + 0.45 * share).rich_color
    return Style(color=shade, underline=share > 0.3)
