"""All jobs of the session as this screen knows them, with the times needed for rates.

The desk keeps it from the first event on, so the jobs screen can be opened and closed. Times come from
the journal, so a screen that attaches late shows the same rates.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord

if TYPE_CHECKING:
    from steertui.screens.jobs.job_report import JobReport


@dataclass
class JobReports:
    """Job reports by number. `clock` is the newest event's time in seconds since the journal began;
    `received` is when this screen got it.
    """

    reports: dict[int, JobReport] = field(default_factory=dict)
    clock: float = 0.0
    received: float = field(default_factory=time.monotonic)

    def on_record(self, record: JournalRecord) -> None:
        # Records hold the milliseconds since the one before, so the times add up.
        self.clock += record.m / 1000
        self.received = time.monotonic()
        if isinstance(record.event, ev.JobChanged):
            self._on_job(record.event)
        elif isinstance(record.event, ev.SessionOpened):
            self._mark_lost()

    def clear(self) -> None:
        """Forget all jobs; another session begins."""
        self.reports.clear()
        self.clock = 0.0

    @property
    def now(self) -> float:
        return self.clock + time.monotonic() - self.received

    @property
    def unfinished(self) -> list[JobReport]:
        """Running and queued jobs, in the order in which they were requested."""
        return [report for report in self.reports.values() if not report.ended]

    @property
    def words(self) -> str:
        """A short text: the running job, its progress, and the number of queued jobs."""
        if not self.unfinished:
            return ""
        first, waiting = self.unfinished[0], len(self.unfinished) - 1
        share = "" if first.percent is None else f" {first.percent}%"
        return f"{first.kind}{share}" + (f" +{waiting}" if waiting else "")

    def _on_job(self, event: ev.JobChanged) -> None:
        # Imported at the first job: most sessions have none, and the desk keeps this list from its first frame on.
        from steertui.screens.jobs.form.brief import shorten_texts
        from steertui.screens.jobs.job_report import JobReport

        report = self.reports.get(event.job)
        if report is None:
            whose = str(shorten_texts(event.session))
            report = JobReport(
                event.job, shorten_texts(event.kind), event.params, self.clock, "", session=whose
            )
            self.reports[event.job] = report
        report.on_job_event(event.state, event.event, event.message, self.clock)

    def _mark_lost(self) -> None:
        """An engine has opened the session again: jobs left running by the last engine are lost."""
        for report in self.unfinished:
            report.on_job_event("lost", {}, "The engine stopped. r resumes the job.", self.clock)
