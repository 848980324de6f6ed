"""Assigns a layer's directions to slots: first capped ones, then other acting ones, then only metered."""

from __future__ import annotations

import threading
from collections.abc import MutableMapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from core.recent import LruCache
from core.steering.layer_plan import LayerPlan
from core.steering.plan import Plan

SAME = 1e-6
GAUGES = 8
"""Number of meter configurations that are cached per row tensor."""


@dataclass(frozen=True)
class SlotLayout:
    """Slot layout of one layer: `rows` [n, d] in slot order with their Gram matrix.

    `program_rows[slot]` is the row of the plan's program in that slot, the first `caps` of them are capped,
    and `meter_slots[j]` is the slot of meter j.
    """

    rows: Tensor
    gram: NDArray[np.float64]
    program_rows: tuple[int, ...]
    caps: int
    meter_slots: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.gram)


_seated: MutableMapping[Tensor, LruCache[tuple[Tensor | None, SlotLayout]]] = WeakTensorKeyDictionary()
_lock = threading.Lock()


def find_layout(plan: LayerPlan | None) -> SlotLayout | None:
    """Slot layout of one layer, None if it needs none; cached per row tensor, weakly."""
    if plan is None:
        return None
    if (rows := plan.meter_rows if plan.rows is None else plan.rows) is None:
        return None
    capped = _capped_rows(plan)
    # Called from the decode thread and from the one that changes the mixer.
    with _lock:
        lately = _seated.setdefault(rows, LruCache(GAUGES))
    # The entry holds the meter rows, so their id is not reused while the entry exists.
    return lately.get_or_make(
        (id(plan.meter_rows), capped), lambda: (plan.meter_rows, _build_layout(plan, capped))
    )[1]


def slot_demand(plan: Plan) -> tuple[int, int]:
    """Largest number of slots, and of capped slots, that any layer of the plan needs."""
    every = [find_layout(layer) for layers in plan.phases.values() for layer in layers]
    seated = [seats for seats in every if seats is not None]
    return max(map(len, seated), default=0), max((seats.caps for seats in seated), default=0)


def _capped_rows(plan: LayerPlan) -> tuple[int, ...]:
    """Rows of the program that have a cap in some lane."""
    if plan.program is None or plan.program.floor is None or plan.program.ceiling is None:
        return ()
    low, high = to_numpy(plan.program.floor), to_numpy(plan.program.ceiling)
    bound = np.isfinite(low) | np.isfinite(high)
    return tuple(np.flatnonzero(bound.reshape(-1, bound.shape[-1]).any(0)).tolist())


def _build_layout(plan: LayerPlan, capped: tuple[int, ...]) -> SlotLayout:
    rows = [] if plan.rows is None else list(plan.rows)
    played = (*capped, *(i for i in range(len(rows)) if i not in capped))
    gauges = [] if plan.meter_rows is None else list(plan.meter_rows)
    everyone = torch.stack([*(rows[i] for i in played), *gauges])
    gram = (everyone.double() @ everyone.double().T).cpu().numpy()
    kept, read = list(range(len(played))), []
    for j in range(len(played), len(everyone)):
        # A meter shares a slot only with an equal direction: an opposite one has projections −p.
        twin = next((slot for slot, i in enumerate(kept) if gram[i, j] > 1 - SAME), None)
        read.append(len(kept) if twin is None else twin)
        if twin is None:
            kept.append(j)
    return SlotLayout(everyone[kept], gram[np.ix_(kept, kept)], played, len(capped), tuple(read))


def to_numpy(x: NDArray[np.float64] | Tensor) -> NDArray[np.float64]:
    """A plan's values as numpy, from any device."""
    return np.asarray(x.cpu() if isinstance(x, Tensor) else x, dtype=np.float64)
