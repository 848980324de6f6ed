"""Snapshots of running states in host memory, within one limit for all conversations of a model.

Those of the last steps are kept as long as there is room; of older ones, one in 512 tokens goes last.
"""

from __future__ import annotations

import weakref
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


def snapshot_bytes(model: Model) -> int:
    """Bytes of one snapshot: states have the same size at every length, so one token tells."""
    from core.model.cache import Tape, cache_keyword

    if cache_keyword(model) is None:
        return 0
    tape = Tape(model)
    if tape.past is not None:
        tape.feed([[0]], ["prompt"], model.planner.plan([Mixer()]))
    return held_bytes(tape.cache)
