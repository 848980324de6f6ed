"""The one way a verb gets a job done: in the engine that holds its model, else in this process, and recorded.

A bar on stderr while it runs, its events on stdout if they are wanted; ctrl+c cancels it, and what was finished waits
for the same command to be given again.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from core.errors import SteerError
from core.jobs import Progress
from sessions import events as ev
from sessions.offers.catalogue import OFFERS
from steertui import flags
from steertui.progress import Bar
from steertui.workplace import Here, There, Workplace, lent

ENDED = ("done", "failed", "cancelled")
NAMES_A_PATH = ("vector", "model", "contrast", "pack")
"""Parameters that name something by a path or by a name of ours; the engine stands in another folder."""
WILL_BE_WRITTEN = ("file", "folder")


def carry_out(args: argparse.Namespace, kind: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The summary of the job's end; what the job or its model refuses is raised."""
    params = absolute(kind, params)
    with Bar() as bar, _workplace(args, kind, params, bar) as place:
        return _worked(place, kind, params, bar, events=getattr(args, "jsonl", False))


def absolute(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with whole paths."""
    kinds = {param.name: param.kind for param in OFFERS[kind].params} if kind in OFFERS else {}
    return {name: _absolute(kinds.get(name, ""), value) for name, value in params.items()}


def _absolute(kind: str, value: Any) -> Any:
    if not isinstance(value, str) or kind not in (*NAMES_A_PATH, *WILL_BE_WRITTEN):
        return value
    path = Path(value).expanduser()
    return str(path.absolute()) if kind in WILL_BE_WRITTEN or path.exists() else value


@contextmanager
def _workplace(
    args: argparse.Namespace, kind: str, params: Mapping[str, Any], bar: Bar
) -> Iterator[Workplace]:
    """With the model in memory, where the job needs one that is there before it begins."""
    wanted = _model(args, kind, params)
    options = flags.loading(args) if wanted else {}
    record = not getattr(args, "no_record", False)
    engine = lent(wanted, options, own=getattr(args, "own", False)) if wanted else None
    place: Workplace = There(engine, record=record) if engine else Here(_studio(args), record=record)
    reason = "failed"
    try:
        if wanted and not engine:
            place.do("load_model", model=wanted, options=options)
        if wanted:
            arrived(place, bar)
        yield place
        reason = "done"
    finally:
        place.close(reason)


def _model(args: argparse.Namespace, kind: str, params: Mapping[str, Any]) -> str | None:
    """The model that has to be resident; a job of two models loads them itself, one after the other."""
    offer = OFFERS.get(kind)
    if offer and (not offer.model or (offer.second and params.get(offer.second))):
        return None
    return str(args.model)


def _studio(args: argparse.Namespace) -> Any:
    from sessions.resident import Studio

    return Studio(force=getattr(args, "force", False))


def arrived(place: Workplace, bar: Bar) -> None:
    """Waits for the model."""
    for record in place.records():
        event = record.event
        if isinstance(event, ev.Error) and event.where == "load_model":
            raise said(event.message, event.code)
        if isinstance(event, ev.Model) and event.state == "ready":
            return
        if isinstance(event, ev.Model) and event.progress is not None:
            bar(event.note, round(100 * event.progress), 100)


def _worked(
    place: Workplace, kind: str, params: Mapping[str, Any], bar: Bar, *, events: bool
) -> Mapping[str, Any]:
    number = place.do("job.start", kind=kind, params=dict(params))["job"]
    with on_ctrl_c(lambda: place.tell("job.cancel", job=number)):
        for record in place.records():
            event = record.event
            if isinstance(event, ev.Job) and event.job == number:
                _shown(event, bar, events=events)
                if event.state in ENDED:
                    return _ended(event)
    raise SteerError("the job did not come to its end")


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


def said(message: str, code: str | int) -> SteerError:
    """What an event says went wrong, as the error it was."""
    error = SteerError(message)
    error.exit_code = int(code) if str(code).isdigit() else SteerError.exit_code
    return error


@contextmanager
def on_ctrl_c(cancel: Callable[[], None]) -> Iterator[None]:
    """The first one cancels; a second one is the usual interrupt."""

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, usual)
        cancel()

    usual = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
