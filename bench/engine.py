"""The engine as a process of its own, through its socket: how soon it is there, answers and obeys, and what an attached
client costs its tokens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from statistics import median, quantiles
from typing import Any

from bench.arms import MOST_WALL_PER_CPU, Arm, Check, Goal, Lap, Setting, judge, race
from bench.company import ATTENTIVE, DEAF, NOBODY, Asker
from bench.reactions import Reactions, reactions
from bench.running import Running, elsewhere, running
from core import demo

AT_MOST = {
    "start to hello": None,
    "start to a model that is ready": None,
    "dial acknowledged, p50": 1000.0,
    "dial acknowledged, p99": 5000.0,
    "cancel in an answer, p50": None,
    "cancel in an answer, p99": None,
    "cancel in a long prompt, p50": None,
    "cancel in a long prompt, p99": 250_000.0,
    f"a token, {NOBODY}": None,
    f"a token, {DEAF}": None,
    f"a token, {ATTENTIVE}": None,
}
"""Microseconds. A chunk of a prompt is cut to take a quarter of a second."""
LEAST_RATE = 0.98
FULL = 30_000
"""Bytes of events in a socket's buffer, which the kernel counts with what it needs to hold them."""


def bench(setting: Setting) -> dict[str, Any]:
    with elsewhere():
        starts = [_started() for _ in range(setting.repetitions)]
        with running() as engine:
            asker = Asker(engine)
            arms = [Arm(name, lambda: 0, partial(asker.lap, name)) for name in (NOBODY, DEAF, ATTENTIVE)]
            laps = race(arms, setting)
            found = [asyncio.run(reactions(engine.path)) for _ in range(setting.repetitions)]
    return {
        "model": f"{demo.INSTRUCT}, eager, a process of its own",
        "times": list(_times(starts, found, laps)),
        "goals": [_cost(laps)],
        "checks": [check.to_json() for check in _checks(found, asker.unread)],
    }


def _started() -> Running:
    with running() as engine:
        return engine


def _cost(laps: dict[str, list[Lap]]) -> dict[str, Any]:
    """It is the wall's time that somebody who listens notices; without the core to itself that says nothing."""
    found = judge(laps, Goal(DEAF, NOBODY, LEAST_RATE), "wall")
    return found | ({"verdict": "none"} if found["wall_per_cpu"] > MOST_WALL_PER_CPU else {})


def _times(starts: Sequence[Running], found: Sequence[Reactions], laps: dict[str, list[Lap]]) -> Any:
    rows = {
        "start to hello": [1e6 * start.hello for start in starts],
        "start to a model that is ready": [1e6 * start.ready for start in starts],
    }
    each = {
        "dial acknowledged": [x.dials for x in found],
        "cancel in an answer": [x.cancels for x in found],
        "cancel in a long prompt": [x.long_cancels for x in found],
    }
    for name, repeated in each.items():
        rows[f"{name}, p50"] = [median(x) for x in repeated]
        rows[f"{name}, p99"] = [quantiles(x, n=100, method="inclusive")[98] for x in repeated]
    for name, run in laps.items():
        rows[f"a token, {name}"] = [1e6 * lap.wall / lap.units for lap in run]
    for name, times in rows.items():
        yield {
            "name": name,
            "median": median(times),
            "low": min(times),
            "high": max(times),
            "at_most": AT_MOST[name],
        }


def _checks(found: Sequence[Reactions], unread: int) -> list[Check]:
    tokens = sorted(k for x in found for k in x.tokens)
    return [
        Check("dials whose token was not made under them", sum(x.wrong for x in found), 0),
        Check("tokens from the asking to the one in force, median", median(tokens), 1),
        Check("cancels that more than the running step or chunk went past", sum(x.late for x in found), 0),
        Check("dials that were measured", len(tokens) / len(found), 50, at_least=True),
        Check("bytes that waited for the one who reads nothing", unread, FULL, at_least=True),
    ]
