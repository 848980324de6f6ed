"""Runs a job for a verb, in the engine that holds its model or else in this process, and records it.

Shows a progress bar on stderr and, if wanted, prints events on stdout; ctrl+c cancels the job, and
running the same command again resumes it.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from core.errors import SteerError
from core.files import expanded
from core.jobs.job import Progress
from sessions.job_specs.catalogue import OFFERS
from sessions.journal import events as ev
from steertui.cli.backend import Here, Workplace, arrived, said, workplace
from steertui.cli.options import flags
from steertui.cli.options.preflight import refuse_early, refuse_unpaid
from steertui.cli.output.progress import Bar

ENDED = ("done", "failed", "cancelled")
NAMES_A_PATH = ("vector", "model", "contrast", "pack")
"""Kinds of parameters that may be paths; they are made absolute because the engine has another working
folder.
"""
WILL_BE_WRITTEN = ("file", "folder")


def carry_out(args: argparse.Namespace, kind: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run a job and return its summary; errors of the job or model are raised."""
    params = absolute(kind, params)
    refuse_early(kind, params)
    with Bar() as bar, _at_work(args, kind, params, bar) as place:
        return _worked(place, kind, params, bar, events=getattr(args, "jsonl", False))


def absolute(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with absolute paths."""
    kinds = {param.name: param.kind for param in OFFERS[kind].params} if kind in OFFERS else {}
    return {name: _absolute(kinds.get(name, ""), value) for name, value in params.items()}


def _absolute(kind: str, value: Any) -> Any:
    if not isinstance(value, str) or kind not in (*NAMES_A_PATH, *WILL_BE_WRITTEN):
        return value
    return str(expanded(value).absolute()) if kind in WILL_BE_WRITTEN else whole(value)


def whole(name: str) -> str:
    """The absolute path if `name` is an existing path, else `name` unchanged."""
    path = expanded(name)
    return str(path.absolute()) if path.exists() and ("/" in name or path.suffix) else name


@contextmanager
def _at_work(args: argparse.Namespace, kind: str, params: Mapping[str, Any], bar: Bar) -> Iterator[Workplace]:
    """Open a backend, with the model loaded if the job needs one."""
    model = _model(args, kind, params)
    place = workplace(args, model)
    reason = "failed"
    try:
        if model and isinstance(place, Here):
            refuse_unpaid(kind, params)
        if model:
            place.load(model, flags.loading(args))
            arrived(place, bar)
        yield place
        reason = "done"
    finally:
        place.close(reason)


def _model(args: argparse.Namespace, kind: str, params: Mapping[str, Any]) -> str | None:
    """The name of the model that has to be loaded, if any."""
    offer = OFFERS.get(kind)
    return str(args.model) if offer is None or offer.wants_resident(params) else None


def _worked(
    place: Workplace, kind: str, params: Mapping[str, Any], bar: Bar, *, events: bool
) -> Mapping[str, Any]:
    number = place.do("job.start", kind=kind, params=dict(params))["job"]
    with on_ctrl_c(lambda: place.do("job.cancel", job=number)):
        for record in place.records():
            event = record.event
            if isinstance(event, ev.Job) and event.job == number:
                _shown(event, bar, events=events)
                if event.state in ENDED:
                    return _ended(event)
    raise SteerError("the job did not finish")


def _shown(job: ev.Job, bar: Bar, *, events: bool) -> None:
    report = dict(job.event)
    if job.state in ENDED:
        report = {"kind": "end", "status": job.state, "summary": report}
    if job.state == "queued":
        bar("waiting for another job", 0, 0)
    if report.get("kind") == Progress.kind:
        bar(report["unit"], report["done"], report["total"])
    if events and report:
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


def _ended(job: ev.Job) -> Mapping[str, Any]:
    if job.state == "cancelled":
        raise KeyboardInterrupt
    if job.state == "failed":
        raise said(job.message, job.event.get("exit_code", ""))
    return job.event


@contextmanager
def on_ctrl_c(cancel: Callable[[], object]) -> Iterator[None]:
    """The first ctrl+c calls `cancel`; the second interrupts as usual."""

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, usual)
        cancel()

    usual = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
