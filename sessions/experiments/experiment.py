"""What makes a generator an experiment: it says its cost first, its rows are collected, and it ends with a summary
that says how many, under which seed, and beside which control.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.jobs import Cancelled, Job, Row
from sessions.experiments.voice import Voice, Work

COST = "cost"
ASIDE = ("estimate", "report")
"""Parameters that say what to do with an experiment, not what it is."""


def staged(name: str, body: Work, voice: Voice, params: Mapping[str, Any]) -> Job:
    """`body` yields what a job yields, a row of table `cost` before all others; it returns at least `summary`,
    `control` and `n`. With `estimate` nothing but the cost is told; what is cancelled returns the rows it has.
    """
    facts: dict[str, Any] = {"experiment": name, "model": voice.name, "seed": params.get("seed", 0)}
    facts["params"] = {key: value for key, value in params.items() if key not in ASIDE}
    rows: list[dict[str, Any]] = []
    facts |= {"cost": {}, "rows": rows, "summary": {}, "control": {}, "n": 0}
    resume, value = body.send, None
    try:
        while not (params.get("estimate") and facts["cost"]):
            item = resume(value)
            if isinstance(item, Row):
                _note(item, facts, rows)
            try:
                resume, value = body.send, (yield item)
            except Exception as problem:  # whatever the runner throws, the experiment hears first
                resume, value = body.throw, problem
    except StopIteration as end:
        facts |= end.value
    except Cancelled:
        facts["partial"] = True
    finally:
        body.close()
    return facts


def _note(row: Row, facts: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    if row.table == COST:
        facts["cost"] = dict(row.values)
    else:
        rows.append({"table": row.table, "key": row.key, **row.values})
