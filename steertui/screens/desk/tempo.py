"""How often the desk paints while an answer runs: with every frame, but on a slow line words four times a second and
numbers once. Between answers nothing is held back, and what a hand does is painted at once on any line."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from steertui.widgets import glyphs

EVERY_S: Mapping[str, float] = {"words": 0.25, "numbers": 1.0}


class Tempo:
    """Says what may be painted now; the clock may be handed in."""

    def __init__(self) -> None:
        self._last = dict.fromkeys(EVERY_S, float("-inf"))

    def lets(self, what: str, speaking: bool, now: float | None = None) -> bool:
        now = monotonic() if now is None else now
        if glyphs.now().slow and speaking and now - self._last[what] < EVERY_S[what]:
            return False
        self._last[what] = now
        return True
