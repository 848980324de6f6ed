"""Green, amber or red, with the reasons: pure rules over the findings of a check.

The dose–response decides. Two classes can be far apart along a direction that the model does not act on,
so a high d alone never makes a vector green.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from vectors.statistics import metrics

DECISIVE = (
    3.5  # effect over the root mean square of eight random controls: about 1 in 250 for a random vector
)


@dataclass(frozen=True)
class Effect:
    """Slope of one measure over the dose, with its interval and the slopes of random control vectors."""

    measure: str
    slope: float
    interval: tuple[float, float]
    controls: tuple[float, ...]

    @classmethod
    def from_slopes(
        cls, measure: str, slopes: Sequence[float], controls: Sequence[float], seed: int
    ) -> Effect:
        interval = metrics.mean_interval(slopes, seed=seed)
        return cls(measure, math.fsum(slopes) / len(slopes), interval, tuple(controls))

    @property
    def noise(self) -> float:
        # Around 0, not around their mean: a random vector is expected to have no effect.
        return (
            math.sqrt(math.fsum(c * c for c in self.controls) / len(self.controls)) if self.controls else 0.0
        )

    @property
    def moves(self) -> bool:
        """Whether the interval's low end exceeds the random vectors, and the slope several times over."""
        return self.interval[0] > self.noise and self.slope > DECISIVE * self.noise

    @property
    def reversed(self) -> bool:
        return -self.interval[1] > self.noise and -self.slope > DECISIVE * self.noise

    def sentence(self) -> str:
        return f"{self.measure} {self.slope:+.3g} per dose, random vectors ±{self.noise:.2g}"


@dataclass(frozen=True)
class Findings:
    """The input of the rules; None where something was not measured."""

    effects: tuple[Effect, ...]
    window: tuple[float, float]
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    neighbours: float | None = None
    random_band: float = 0.0
    split_half: float | None = None
    accuracy_ci: tuple[float, float] | None = None
    gap: float | None = None


@dataclass(frozen=True)
class Verdict:
    colour: str
    reasons: tuple[str, ...] = field(default_factory=tuple)


def decide_verdict(found: Findings) -> Verdict:
    """Red if there is a red reason, else amber if there is an amber one, else green."""
    if red := _red_reasons(found):
        return Verdict("red", (*red, *_amber_reasons(found)))
    if amber := _amber_reasons(found):
        return Verdict("amber", (*amber, *_green_reasons(found)))
    return Verdict("green", _green_reasons(found))


def _red_reasons(found: Findings) -> tuple[str, ...]:
    reasons = []
    # A reversed effect is an effect: its sign is a reason for amber.
    if not any(effect.moves or effect.reversed for effect in found.effects):
        tried = "; ".join(effect.sentence() for effect in found.effects)
        reasons.append(f"it does not move the model more than a random vector does ({tried})")
    # Red only if the text survives a dose in neither direction; the positive one alone is amber.
    if max(found.window[1], -found.window[0]) < 1:
        reasons.append(f"the text collapses within one dose (window {_format_window(found.window)})")
    return tuple(reasons)


def _amber_reasons(found: Findings) -> tuple[str, ...]:
    reasons = list(found.doubts)
    if any(effect.reversed for effect in found.effects) and not any(effect.moves for effect in found.effects):
        reasons.append("its sign is reversed: + moves the model the other way")
    if found.gap is not None and found.gap < 0:
        reasons.append("its sign is reversed: the positive class projects lower than the negative one")
    if found.neighbours is not None and found.neighbours <= found.random_band:
        reasons.append(f"neighbouring layers point random ways (cosine {found.neighbours:.3f})")
    if found.split_half is not None and found.split_half <= found.random_band:
        reasons.append(f"two halves of the pairs give unrelated directions (cosine {found.split_half:.3f})")
    # The low end of the interval, so that a few pairs cannot pass by luck.
    if found.accuracy_ci is not None and found.accuracy_ci[0] <= 0.5:
        reasons.append(f"the classes are not told apart (accuracy could be {found.accuracy_ci[0]:.2f})")
    if found.window[1] < 1 <= -found.window[0]:
        reasons.append(f"one positive dose already breaks the text (window {_format_window(found.window)})")
    return tuple(reasons)


def _green_reasons(found: Findings) -> tuple[str, ...]:
    moving = tuple(f"it moves the model: {effect.sentence()}" for effect in found.effects if effect.moves)
    return (*moving, f"the text stays whole for doses of {_format_window(found.window)}", *found.notes)


def _format_window(window: tuple[float, float]) -> str:
    return f"{window[0]:+.2g} to {window[1]:+.2g}"
