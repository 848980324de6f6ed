"""How a cache came to be: the passes that made it, as they were, and snapshots of its running states.

A running state cannot be cut by length. Going back restores the nearest snapshot and repeats the passes behind it with
the same cuts and the same steering, which gives the same state to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.mixer.mixer import Mixer
from core.model.snapshots import INTERVAL, SPARSE_INTERVAL, Snapshot


class PastPass(NamedTuple):
    """One pass over the positions `start` to `stop`, and its steering.

    Mixers and ages rather than the plan: with a half-life every token has a plan of its own, of megabytes in a
    large model.
    """

    start: int
    stop: int
    lanes: tuple[Mixer, ...]
    ages: tuple[float, ...]

    def for_lane(self, lane: int) -> PastPass:
        # One mixer serves any number of lanes.
        return self if len(self.lanes) == 1 else self._replace(lanes=(self.lanes[lane],))


@dataclass
class Past:
    """Passes and snapshots of all rows of a cache; `before` has each row's own until the lanes were opened."""

    passes: list[PastPass] = field(default_factory=list)
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    opened_at: int = 0
    before: tuple[Past, ...] = ()
    tried_at: int = 0  # where a snapshot was last taken, or had no room

    def nearest_snapshot(self, length: int) -> tuple[int, Snapshot | None]:
        """The last snapshot that is not behind `length`, and where it was taken; None where there is none."""
        kept = self._kept_snapshots()
        where = max((at for at in kept if at <= length), default=0)
        return where, kept.get(where)

    def is_snapshot_due(self, length: int) -> bool:
        return length - max(self.tried_at, self.opened_at) >= INTERVAL

    def lacks_sparse(self, length: int) -> bool:
        """Whether no snapshot near `length` is one of those that are dropped last."""
        kept = self._kept_snapshots().items()
        return not any(each.state.sparse and at > length - SPARSE_INTERVAL for at, each in kept)

    def cut(self, length: int) -> None:
        """Leave out everything after the first `length` positions."""
        self.snapshots = {at: each for at, each in self.snapshots.items() if at <= length}
        kept = [each for each in self.passes if each.start < length]
        self.passes = [each._replace(stop=min(each.stop, length)) for each in kept]
        self.tried_at = max(self.snapshots, default=0)

    def for_lane(self, lane: int) -> Past:
        """The past of one row alone."""
        passes = [each.for_lane(lane) for each in self.passes]
        snapshots = {at: each.take_rows((lane,)) for at, each in self.snapshots.items()}
        if not self.before:
            return Past(passes, snapshots, tried_at=self.tried_at)
        first = self.before[lane]
        return Past([*first.passes, *passes], {**first.snapshots, **snapshots}, tried_at=self.tried_at)

    def _kept_snapshots(self) -> dict[int, Snapshot]:
        return {at: each for at, each in self.snapshots.items() if each.state.layers is not None}


def open_lanes(pasts: Sequence[Past], length: int) -> Past:
    """The past of rows that each continue one of these from `length` on."""
    return Past(opened_at=length, before=tuple(pasts))
