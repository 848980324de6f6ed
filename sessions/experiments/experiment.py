"""Runs an experiment's generator as a job: the cost estimate comes first, rows are collected, and it ends
with a summary (n, seed, control) and, with `report`, a report folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.jobs.job import Cancelled, Job, Steps, worker_task
from sessions.experiments.common.keys import key_warnings
from sessions.experiments.common.sampler import ModelSampler
from sessions.experiments.report import document
from sessions.experiments.report.found import ReportData
from sessions.experiments.report.tables import is_long
from sessions.job_specs.offer import JobSpec

RUN_OPTIONS = ("estimate", "report")
"""Parameters that do not change the experiment itself."""
MOST_ROWS = 2000
"""The summary is one journal line; beyond this many rows, per-answer rows are left out (their events
remain).
"""


def run_experiment(
    offer: JobSpec, body: Steps[dict[str, Any]], sampler: ModelSampler, params: Mapping[str, Any]
) -> Job:
    """Run `body`, which yields job events (a row of table `cost` first) and returns at least `summary`,
    `control` and `n`. With `estimate` it stops after the cost; when cancelled it returns the rows
    collected so far.
    """
    settings = {key: value for key, value in params.items() if key not in RUN_OPTIONS}
    facts = {
        "experiment": offer.kind,
        "model": sampler.name,
        "seed": params.get("seed", 0),
        "params": settings,
    }
    warnings = list(key_warnings(offer, params))
    if warnings:
        facts["warnings"] = warnings
    found = ReportData(facts | {"summary": {}, "control": {}, "n": 0})
    resume, value = body.send, None
    try:
        # The first row is the cost, so an estimate stops before any work.
        while not (params.get("estimate") and found.cost):
            item = resume(value)
            found.collect(item)
            try:
                resume, value = body.send, (yield item)
            except Exception as problem:  # errors from the runner are raised inside the experiment first
                resume, value = body.throw, problem
    except StopIteration as end:
        found.facts |= end.value
        if both := [*warnings, *end.value.get("warnings", ())]:
            found.facts["warnings"] = both
        yield from _write_report(offer, found, sampler, params)
    except Cancelled:
        # The rows collected so far stay valid; the summary says that they are not all.
        found.facts["partial"] = True
    finally:
        # Lets the experiment release what it holds, also when it was stopped after the estimate.
        body.close()
    return _summary(found)


def _write_report(
    offer: JobSpec, found: ReportData, sampler: ModelSampler, params: Mapping[str, Any]
) -> Steps[None]:
    if not params.get("report"):
        return
    command = offer.command(params, sampler.name)
    folder = str(params["report"])
    yield from (yield worker_task(lambda: document.write_report(found, folder, offer.title, command)))


def _summary(found: ReportData) -> dict[str, Any]:
    rows = found.rows
    if len(rows) > MOST_ROWS:
        rows = [row for row in rows if not is_long(row["table"])]
        found.facts["rows_left_out"] = len(found.rows) - len(rows)
    return {**found.facts, "cost": found.cost, "rows": rows}
