"""Feeds long prompts in timed chunks, so that a cancel takes effect within a quarter of a second.

The chunk boundaries are recorded, so that a replay can use the same ones.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence

from torch import Tensor

from core.model.cache import Tape
from core.steering.meters import MeterReading
from core.steering.plan import Plan

LONGEST_CHUNK = 512
FIRST_CHUNK = 64
LONGEST_SECONDS = 0.25


def feed_in_chunks(
    tape: Tape,
    rows: Sequence[Sequence[int]],
    phases: Sequence[str],
    plan: Plan,
    readings: list[MeterReading] | None = None,
    edges: deque[int] | None = None,
) -> Iterator[tuple[int, Tensor]]:
    """Yield (tokens fed, last logits) per chunk; `edges` are an earlier run's ends, as tape lengths, and used up."""
    start, done, size, total = len(tape), 0, FIRST_CHUNK, len(phases)
    if tape.one_at_a_time and not start:
        # Whatever is left after the first pass would be fed token by token.
        size = total
    while done < total:
        stop = min(done + size, total) if edges is None else _recorded_stop(edges, start, done, total)
        if edges is None and tape.past is not None and stop == total > done + 1:
            # A rewind to the first token goes back to here.
            stop = total - 1
        if done and stop == total:
            tape.keep_snapshot()
        began = time.perf_counter()
        logits = tape.feed([row[done:stop] for row in rows], phases[done:stop], plan, readings)
        size = _next_size(stop - done, time.perf_counter() - began)
        done = stop
        yield done, logits


def _recorded_stop(edges: deque[int], start: int, done: int, total: int) -> int:
    """Where the next chunk ended in an earlier run; behind its last boundary the rest was one chunk."""
    # While lanes were opened, the length at that moment was reported.
    while edges and edges[0] == start + done:
        edges.popleft()
    # After a rewind the next boundary may be one of a later feed, anywhere.
    if edges and start + done < edges[0] <= start + total:
        return edges.popleft() - start
    return total


def _next_size(tokens: int, seconds: float) -> int:
    """Tokens that fit in one chunk's time at the measured speed, growing at most fourfold at a time."""
    fits = int(tokens * LONGEST_SECONDS / max(seconds, 1e-6))
    return max(1, min(fits, 4 * tokens, LONGEST_CHUNK))
