"""Limits repaints while an answer runs on a slow line: text four times a second, numbers once.

On a fast line every frame is painted, and the user's own edits are painted at once on any line.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from steertui.widgets import glyphs

EVERY_S: Mapping[str, float] = {"words": 0.25, "numbers": 1.0}


class RepaintLimiter:
    """Decides what may be painted now; tests may pass the time."""

    def __init__(self) -> None:
        self._last = dict.fromkeys(EVERY_S, float("-inf"))

    def allows(self, what: str, speaking: bool, now: float | None = None) -> bool:
        now = monotonic() if now is None else now
        if glyphs.current_glyphs().slow and speaking and now - self._last[what] < EVERY_S[what]:
            return False
        self._last[what] = now
        return True
