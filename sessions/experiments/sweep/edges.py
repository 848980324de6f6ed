"""Finds the level at which texts break: doubling finds the octave, bisection the place in it.

Several levels run in one batch of lanes: all doublings at once, then three levels inside the octave,
which is two bisection steps at the cost of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.jobs.job import Steps

DOUBLINGS = 4
ROUNDS = 2
INSIDE = (0.25, 0.5, 0.75)

Probe = Callable[[Sequence[float]], Steps[list[float]]]
"""Takes levels, returns the share of broken texts at each."""


@dataclass(frozen=True)
class DoseEdge:
    """The last level that holds and the first that breaks; `broken` is None if no tested level breaks."""

    safe: float
    broken: float | None


def is_breaking(share: float) -> bool:
    return share >= 0.5


def edge_on_grid(shares: Mapping[float, float], sign: float) -> DoseEdge:
    """The edge on one side as far as the grid's levels show it."""
    safe = 0.0
    # From 0 outwards: the first level that breaks ends the safe range.
    for level in sorted((level for level in shares if level * sign > 0), key=abs):
        if is_breaking(shares[level]):
            return DoseEdge(safe, level)
        safe = level
    return DoseEdge(safe, None)


def search_edge(probe: Probe, edge: DoseEdge) -> Steps[DoseEdge]:
    """Refine the edge to a sixteenth of its octave."""
    # Nothing broke on the grid: go on beyond it. Without a level on this side there is nothing to double.
    if edge.broken is None and edge.safe:
        edge = yield from _try_levels(probe, edge, [edge.safe * 2**k for k in range(1, DOUBLINGS + 1)])
    for _ in range(ROUNDS):
        if edge.broken is None:
            break
        apart = edge.broken - edge.safe
        edge = yield from _try_levels(probe, edge, [edge.safe + apart * part for part in INSIDE])
    return edge


def _try_levels(probe: Probe, edge: DoseEdge, levels: Sequence[float]) -> Steps[DoseEdge]:
    for level, share in zip(levels, (yield from probe(levels)), strict=True):
        # Levels are in order, so the first one that breaks is the new bound.
        if is_breaking(share):
            return DoseEdge(edge.safe, level)
        edge = DoseEdge(level, edge.broken)
    return edge
