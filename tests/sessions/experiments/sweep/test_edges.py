"""Doubling and bisection find a planted edge, from either side, and stop where there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.jobs.job import gpu_task
from core.jobs.runner import run
from sessions.experiments.sweep.edges import DoseEdge, edge_on_grid, search_edge


def found(edge: DoseEdge, breaks_at: Callable[[float], bool]) -> tuple[DoseEdge, list[float]]:
    tried: list[float] = []

    def probe(levels: Sequence[float]) -> Any:
        tried.extend(levels)
        yield gpu_task(lambda: None)
        return [float(breaks_at(level)) for level in levels]

    def job() -> Any:
        edge_found = yield from search_edge(probe, edge)
        return {"safe": edge_found.safe, "broken": edge_found.broken}

    end = list(run(job()))[-1]
    return DoseEdge(**end.summary), tried  # type: ignore[union-attr]


@pytest.mark.parametrize("at", [1.05, 2.7, 5.0, 13.3])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_edge_is_found_to_a_sixteenth_of_its_octave(at: float, sign: float) -> None:
    edge, _ = found(DoseEdge(sign, None), lambda level: abs(level) >= at)
    assert edge.broken is not None
    assert abs(edge.safe) < at <= abs(edge.broken)
    assert abs(edge.broken - edge.safe) <= abs(edge.broken) / 16 + 1e-9


def test_between_known_levels_nothing_is_doubled() -> None:
    edge, tried = found(DoseEdge(1.0, 2.0), lambda level: level > 1.6)
    assert len(tried) == 6
    assert all(1 < level < 2 for level in tried)
    assert edge == DoseEdge(1.5625, 1.625)


def test_what_never_breaks_has_no_edge() -> None:
    edge, tried = found(DoseEdge(2.0, None), lambda level: False)
    assert edge == DoseEdge(32.0, None)
    assert tried == [4, 8, 16, 32]


def test_what_breaks_at_the_smallest_level_has_its_edge_below_it() -> None:
    edge, _ = found(DoseEdge(0.0, 1.0), lambda level: level > 0.3)
    assert edge.safe == 0.25
    assert edge.broken == 0.3125


def test_a_grid_tells_either_side() -> None:
    shares = {-2.0: 0.9, -1.0: 0.2, 1.0: 0.0, 2.0: 0.4, 4.0: 0.5, 8.0: 0.1}
    assert edge_on_grid(shares, -1.0) == DoseEdge(-1.0, -2.0)
    assert edge_on_grid(shares, 1.0) == DoseEdge(2.0, 4.0)
    assert edge_on_grid({}, 1.0) == DoseEdge(0.0, None)
