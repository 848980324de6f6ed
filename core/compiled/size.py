"""The size a graph is compiled for: shapes are fixed, so lanes, context and slots identify it."""

from __future__ import annotations

from dataclasses import dataclass

SLOTS = 8
CAPS = 4
MOST_CAPS = 6
SHORTEST = 512


@dataclass(frozen=True)
class GraphSize:
    """`slots` directions per layer, the first `caps` may be capped; `capacity` positions of `lanes` rows."""

    lanes: int
    capacity: int
    slots: int = SLOTS
    caps: int = CAPS

    def __str__(self) -> str:
        lanes = f"{self.lanes} lane{'s' if self.lanes > 1 else ''}"
        return f"{lanes}, {self.capacity} positions and {self.slots} channels, {self.caps} of them capped"

    def covers(self, other: GraphSize) -> bool:
        """True if a need of `other` fits; lanes must be equal, as batch size changes rounding."""
        room = self.capacity >= other.capacity and self.slots >= other.slots and self.caps >= other.caps
        return self.lanes == other.lanes and room


def size_for(lanes: int, length: int, longest: int, slots: int, caps: int) -> GraphSize:
    """A size rounded up, so that a growing text or mixer rarely needs a new graph."""
    capacity = SHORTEST
    # A quarter stays free: a text that has just got its graph must not outgrow it at once.
    while capacity * 3 // 4 < length:
        capacity *= 2
    room = SLOTS
    while room < slots:
        room *= 2
    return GraphSize(lanes, min(capacity, longest), room, max(CAPS, caps))
