"""All jobs of the session as this screen knows them, with the times needed for rates.

The desk keeps it from the first event on, so the jobs screen can be opened and closed. Times come from
the journal, so a screen that attaches late shows the same rates.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord

if TYPE_CHECKING:
    from steertui.screens.jobs.job_report import JobReport

POLL_S = 0.2


@dataclass
class JobReports:
    """Job reports by number. `clock` is the newest event's time in seconds since the journal began;
    `received` is when this screen got it; `began` counts the sessions.
    """

    reports: dict[int, JobReport] = field(default_factory=dict)
    clock: float = 0.0
    received: float = field(default_factory=time.monotonic)
    began: int = 0

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
        self.began += 1
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

    async def wait_for_end(self, number: int) -> JobReport | None:
        """The report of a job when it has ended; None if another session has begun by then."""
        # Its first event may come after the reply that names it.
        while number not in self.reports or not self.reports[number].ended:
            began = self.began
            await asyncio.sleep(POLL_S)
            if began != self.began:
                return None
        return self.reports[number]

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
