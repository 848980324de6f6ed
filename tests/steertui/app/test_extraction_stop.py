"""An extraction that is cancelled from the screen of jobs while its dose is searched: the vector can be loaded."""

from __future__ import annotations

from pathlib import Path

import vectors
from sessions.journal import events as ev
from steertui.cli.backend import LocalBackend
from steertui.screens.jobs.job_list import JobReports
from steertui.screens.jobs.results import views
from tests.steertui.app.test_job_report import COLOURS


def test_the_overview_says_that_the_vector_is_there_and_loads_it(tmp_path: Path) -> None:
    out = tmp_path / "v.safetensors"
    place, reports = LocalBackend(lambda record: None, record=False), JobReports()
    place.load("demo-base", {})
    number = 0
    for record in place.records():
        reports.on_record(record)
        event = record.event
        if isinstance(event, ev.ModelChanged) and event.state == "ready":
            params = {"contrast": "pirate", "out": str(out), "suggest": True}
            number = int(place.do("job.start", kind="extract", params=params)["job"])
        if (
            isinstance(event, ev.JobChanged)
            and event.event.get("unit") == "texts sampled"
            and event.event["done"] == 1
        ):
            # What the key for `cancel` asks the engine for.
            place.do("job.cancel", job=number)
        if isinstance(event, ev.JobChanged) and event.ended:
            break
    place.close("done")
    report = reports.reports[number]
    assert report.state == "cancelled"
    assert report.vector == str(out)
    assert [file.path for file in report.files] == [str(out)]
    view = views.PageContext(reports.now, 200, 60, "", COLOURS)
    page = "\n".join(line.plain for line in views.page_lines(report, views.OVERVIEW, view))
    assert "stopped before a dose was found: the vector is in" in page
    assert "dose search   stopped" in page
    assert "a loads it on the desk" in page
    assert vectors.read(out).suggestion is None
