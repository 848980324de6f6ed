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

from core.errors import SteerError, UsageError
from core.files import expand_home
from core.jobs.job import Progress
from sessions.job_specs.catalogue import OFFERS
from sessions.journal import events as ev
from steertui.cli.backend import CommandBackend, LocalBackend, event_error, open_backend, wait_for_model
from steertui.cli.options import flags
from steertui.cli.options.preflight import absolute_params, check_api_key, check_params
from steertui.cli.output.progress import ProgressLine

Report = Mapping[str, Any]
OnReport = Callable[[Report, ProgressLine], None]


class JobStopped(KeyboardInterrupt):
    """A job that was cancelled; `summary` is what it had by then, empty for most."""

    def __init__(self, summary: Report) -> None:
        super().__init__()
        self.summary = summary


def execute_job(
    args: argparse.Namespace,
    kind: str,
    params: Report,
    on_report: OnReport = lambda report, bar: None,
) -> Report:
    """Run a job and return its summary; errors of the job or model are raised. `on_report` gets each event."""
    params = absolute_params(kind, params)
    check_params(kind, params)
    events = getattr(args, "jsonl", False)
    with ProgressLine() as bar, _open_job_backend(args, kind, params, bar) as place:
        return _run_job(place, kind, params, bar, on_report, events=events)


def absolute_if_exists(name: str) -> str:
    """The absolute path if `name` is an existing path, else `name` unchanged."""
    path = expand_home(name)
    return str(path.absolute()) if path.exists() and ("/" in name or path.suffix) else name


@contextmanager
def _open_job_backend(
    args: argparse.Namespace, kind: str, params: Mapping[str, Any], bar: ProgressLine
) -> Iterator[CommandBackend]:
    """Open a backend, with the model loaded if the job needs one."""
    model = _required_model(args, kind, params)
    place = open_backend(args, model)
    reason = "failed"
    try:
        # The key of a running engine is in that process's environment, so it is not checked here.
        if model and isinstance(place, LocalBackend):
            check_api_key(kind, params)
        if model:
            place.load(model, flags.load_options(args))
            wait_for_model(place, bar)
        yield place
        # Reached only if the job raised nothing.
        reason = "done"
    finally:
        place.close(reason)


def _required_model(args: argparse.Namespace, kind: str, params: Mapping[str, Any]) -> str | None:
    """The name of the model that has to be loaded, if any."""
    offer = OFFERS.get(kind)
    return str(args.model) if offer is None or offer.needs_resident(params) else None


def _run_job(
    place: CommandBackend,
    kind: str,
    params: Report,
    bar: ProgressLine,
    on_report: OnReport,
    *,
    events: bool,
) -> Report:
    number = place.do("job.start", kind=kind, params=dict(params))["job"]
    with on_ctrl_c(lambda: cancel_job(place, number)):
        for record in place.records():
            event = record.event
            if isinstance(event, ev.JobChanged) and event.job == number:
                report_progress(event, bar, events=events)
                if not event.ended:
                    on_report(event.event, bar)
                else:
                    return _job_summary(event)
    raise SteerError("the job did not finish")


def cancel_job(place: CommandBackend, number: int) -> None:
    """Cancel a job. One that ended a moment ago cannot be cancelled: its summary is on its way."""
    try:
        place.do("job.cancel", job=number)
    except SteerError as error:
        # An engine's refusal has the exit code of its error, not its class.
        if error.exit_code != UsageError.exit_code:
            raise


def report_progress(job: ev.JobChanged, bar: ProgressLine, *, events: bool = False) -> None:
    """Show a job's progress on the bar; with `events` also print what it reports."""
    report = dict(job.event)
    if job.ended:
        report = {"kind": "end", "status": job.state, "summary": report}
    if job.state == "queued":
        bar("waiting for another job", 0, 0)
    if report.get("kind") == Progress.kind:
        bar(report["unit"], report["done"], report["total"])
    if events and report:
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


def _job_summary(job: ev.JobChanged) -> Mapping[str, Any]:
    if job.state == "cancelled":
        # A cancelled job ends the command with the exit code of ctrl+c.
        raise JobStopped(job.event)
    if job.state == "failed":
        raise event_error(job.message, job.event.get("exit_code", ""))
    return job.event


@contextmanager
def on_ctrl_c(cancel: Callable[[], object]) -> Iterator[None]:
    """The first ctrl+c calls `cancel`; the second interrupts as usual."""

    def first(number: int, frame: FrameType | None) -> None:
        # Restored before `cancel`, so that a second ctrl+c interrupts even if that call blocks.
        signal.signal(signal.SIGINT, usual)
        cancel()

    usual = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
