"""A job done in the command's own process: a bar on stderr while it runs, its events on stdout if they are wanted."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from steertui.progress import Bar

if TYPE_CHECKING:
    from core.finished import Finished
    from core.jobs import Job


def done(job: Job, bar: Bar, *, finished: Finished | None = None, events: bool = False) -> Mapping[str, Any]:
    """The summary of the job's end; a job that fails raises behind it."""
    from core.jobs import End, Progress
    from core.runner import run

    summary: Mapping[str, Any] = {}
    for event in run(job, finished=finished):
        if events:
            sys.stdout.write(json.dumps(event.to_json()) + "\n")
            sys.stdout.flush()
        if isinstance(event, Progress):
            bar(event.unit, event.done, event.total)
        if isinstance(event, End):
            summary = event.summary
    return summary
