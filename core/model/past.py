"""How a cache came to be: the passes that made it, as they were, and snapshots of its running states.

A running state cannot be cut by length. Going back restores the nearest snapshot and repeats the passes behind it with
the same cuts and the same steering, which gives the same state to the bit. Snapshots lie in host memory, within one
limit for all conversations of a model: those of the last steps are kept as long as there is room; of older ones, one in
512 tokens goes last.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from transformers.cache_utils import Cache

from core.mixer.mixer import Mixer
from core.model.cache_layers import HeldLayer, held_bytes, hold_layers

if TYPE_CHECKING:
    from core.model.model import Model

INTERVAL = 64
"""Tokens between two snapshots while an answer is generated."""
SPARSE_INTERVAL = 512
"""Tokens between two of those that are dropped last."""
RECENT = 8
"""The newest ones, which are not thinned."""


class HeldState:
    """A copy of all running states; `layers` is None once it was dropped to make room."""

    def __init__(self, layers: tuple[HeldLayer, ...], nbytes: int, sparse: bool) -> None:
        self.layers: tuple[HeldLayer, ...] | None = layers
        self.nbytes, self.sparse = nbytes, sparse


class Snapshot(NamedTuple):
    """A state and which of its rows are meant; None is all."""

    state: HeldState
    rows: tuple[int, ...] | None = None

    def take_rows(self, rows: tuple[int, ...]) -> Snapshot:
        """The same state, other rows: nothing is copied."""
        return Snapshot(self.state, rows if self.rows is None else tuple(self.rows[row] for row in rows))


class SnapshotStore:
    """All snapshots of one model, oldest first; weak, so that those of an ended conversation are freed."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._states: list[weakref.ref[HeldState]] = []

    @property
    def used(self) -> int:
        """Bytes held now."""
        return sum(state.nbytes for state in self._living())

    def take(self, cache: Cache, *, sparse: bool) -> Snapshot | None:
        """A snapshot of a cache; None where one alone exceeds the limit."""
        needed = held_bytes(cache)
        if needed > self.limit:
            return None
        living = self._living()
        while living and sum(state.nbytes for state in living) + needed > self.limit:
            dropped = next((state for state in living[:-RECENT] if not state.sparse), living[0])
            living.remove(dropped)
            dropped.layers = None
        state = HeldState(hold_layers(cache), needed, sparse)
        self._states = [weakref.ref(each) for each in (*living, state)]
        return Snapshot(state)

    def _living(self) -> list[HeldState]:
        states = [ref() for ref in self._states]
        return [state for state in states if state is not None and state.layers is not None]


def snapshot_store(model: Model) -> SnapshotStore:
    """The model's snapshots, freed with it."""
    found: SnapshotStore = model.attached.setdefault(SnapshotStore, SnapshotStore(model.snapshot_limit))
    return found


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
