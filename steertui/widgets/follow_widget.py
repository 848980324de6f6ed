"""Strips whose vectors point the same way: a push on one then also acts along the other."""

from __future__ import annotations

from collections.abc import Iterator

from core.mixer.mixer import Channel, Mixer

NOTABLE = 0.1
"""|cos| above which two channels are reported as aligned."""


def channel_cosine(one: Channel, other: Channel) -> float:
    """The cosine the engine sent when the later vector was loaded; 0 while it is unknown."""
    # Only the vector that was loaded later holds the cosine, and either of the two may be it.
    for here, there in ((one, other), (other, one)):
        told = getattr(here.vector, "cosines", {}).get(getattr(there.vector, "name", ""))
        if told is not None:
            return float(told)
    return 0.0


def most_aligned(mixer: Mixer, place: int) -> tuple[int, float] | None:
    """The other playing channel most aligned with this one (with either sign), if |cos| is above
    `NOTABLE`.
    """
    found = [(other, cos) for other, cos in _other_cosines(mixer, place) if abs(cos) > NOTABLE]
    return max(found, key=lambda pair: abs(pair[1]), default=None)


def _other_cosines(mixer: Mixer, place: int) -> Iterator[tuple[int, float]]:
    playing = mixer.active_indices()
    for other in playing:
        if place in playing and other != place:
            yield other, channel_cosine(mixer.channels[place], mixer.channels[other])
