"""Position and speed of a replay: pure, with time passed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

SPEEDS = (1, 4, 16)


@dataclass(frozen=True)
class Playhead:
    """`gaps` are the seconds before each frame, `place` the number of frames shown, `saved` the time not
    yet used up.
    """

    gaps: Sequence[float] = ()
    place: int = 0
    playing: bool = False
    speed: int = SPEEDS[0]
    saved: float = 0.0

    @property
    def at_end(self) -> bool:
        return self.place >= len(self.gaps)

    def seek(self, place: int) -> Playhead:
        return replace(self, place=max(0, min(place, len(self.gaps))), saved=0.0)

    def toggled(self) -> Playhead:
        """Play or pause; at the end, play from the beginning."""
        start = self.seek(0) if self.at_end and not self.playing else self
        return replace(start, playing=not self.playing and bool(self.gaps), saved=0.0)

    def faster(self) -> Playhead:
        return replace(self, speed=SPEEDS[(SPEEDS.index(self.speed) + 1) % len(SPEEDS)])

    def after(self, seconds: float) -> Playhead:
        """The playhead advanced by this much time."""
        if not self.playing:
            return self
        place, saved = self.place, self.saved + seconds * self.speed
        # At high speed several frames are due at once; the rest of the time is kept for the next call.
        while place < len(self.gaps) and saved >= self.gaps[place]:
            saved -= self.gaps[place]
            place += 1
        at_end = place >= len(self.gaps)
        return replace(self, place=place, playing=not at_end, saved=0.0 if at_end else saved)
