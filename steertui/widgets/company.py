"""Which strips point the same way: two directions that are not at right angles turn each other's dial."""

from __future__ import annotations

from collections.abc import Iterator

from core.mixer import Channel, Mixer

NOTABLE = 0.1
"""|cos| above which a push on one channel is felt on the other."""


def cosine(one: Channel, other: Channel) -> float:
    """As the engine told it when the later of the two was loaded; 0 while it is not known."""
    for here, there in ((one, other), (other, one)):
        told = getattr(here.vector, "cosines", {}).get(getattr(there.vector, "name", ""))
        if told is not None:
            return float(told)
    return 0.0


def alike(mixer: Mixer, place: int) -> tuple[int, float] | None:
    """The other playing channel that is most along this one or against it, if that is worth a word."""
    found = [(other, cos) for other, cos in _others(mixer, place) if abs(cos) > NOTABLE]
    return max(found, key=lambda pair: abs(pair[1]), default=None)


def _others(mixer: Mixer, place: int) -> Iterator[tuple[int, float]]:
    playing = mixer.playing()
    for other in playing:
        if place in playing and other != place:
            yield other, cosine(mixer.channels[place], mixer.channels[other])
