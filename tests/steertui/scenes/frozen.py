"""Nothing on a screen may tell when it was drawn: names, dates, clocks and rates of a scene are the same every time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from types import SimpleNamespace
from unittest import mock

from steertui.screens.desk.token_rate import TokenRate

BEGAN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
EVENT_MS = 250
RATE = 24.0
FREE = 16 * 10**9


@contextmanager
def frozen() -> Iterator[None]:
    """Sessions are numbered, a journal's event takes a quarter of a second, and the engine's machine has 16 GB."""
    ids, ticks = itertools.count(1), itertools.count(0, EVENT_MS)
    wall = SimpleNamespace(now=lambda zone: BEGAN)
    place = SimpleNamespace(available_bytes=lambda: FREE, device_label="cpu", dtype=None)
    changes = {
        "sessions.journal.ulid.time": SimpleNamespace(time_ns=lambda: int(BEGAN.timestamp() * 1e9)),
        "sessions.journal.ulid.secrets": SimpleNamespace(randbits=lambda bits: next(ids)),
        "sessions.journal.folder.date": SimpleNamespace(today=lambda: date(2026, 3, 1)),
        "sessions.journal.environment.datetime": wall,
        "sessions.journal.journal._milliseconds": lambda: next(ticks),
        "steertui.screens.jobs.job_list.time": SimpleNamespace(monotonic=lambda: 0.0),
        "core.loading.placement.choose_placement": lambda: place,
    }
    with ExitStack() as stack:
        for name, stand_in in changes.items():
            stack.enter_context(mock.patch(name, stand_in))
        stack.enter_context(mock.patch.object(TokenRate, "rate", return_value=RATE))
        yield
