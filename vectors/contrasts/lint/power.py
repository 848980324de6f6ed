"""Whether the held-out pairs can ever show anything: the smallest p of the sign-flip test, after Holm."""

from __future__ import annotations

import math

from vectors.contrasts.lint.finding import LintFinding
from vectors.statistics.significance import FLIPS
from vectors.texts.pair import ContrastSet, split_pairs

LAYERS, LEVEL = 80, 0.05
"""Holm multiplies the smallest p by the number of layers; 80 is what the deepest common models have."""


def find_too_few(contrast: ContrastSet, holdout: float) -> list[LintFinding]:
    """The finding if no result on the held-out pairs could reach p < 0.05."""
    if not holdout:
        return []
    keys = [pair.key for pair in contrast.pairs]
    parts = split_pairs(keys, holdout, 0)
    held = len({keys[index] for index in parts.holdout})
    if LAYERS * smallest_p(held) < LEVEL:
        return []
    needed = next(count for count in range(held, 10_000) if LAYERS * smallest_p(count) < LEVEL)
    whole = math.ceil(needed / holdout)
    told = f"{held} held-out pairs of {len(contrast.pairs)} cannot give p < {LEVEL} after Holm over {LAYERS} layers,"
    told += " as many as the deepest models have"
    return [
        LintFinding(
            "hold-out", f"{told}; {whole} pairs can", figures={"held": held, "smallest_p": smallest_p(held)}
        )
    ]


def smallest_p(held: int) -> float:
    """All n signs agree: 2 of the 2ⁿ exchanges reach the sum, and the test draws `FLIPS` of them."""
    return max(2.0 ** (1 - held), 1 / (FLIPS + 1)) if held else 1.0
