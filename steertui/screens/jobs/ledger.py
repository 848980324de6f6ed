"""All jobs of the session as the screen knows them, with the times that rates are made of.

The desk keeps it from the first event on, so that the Jobs screen can come and go. Time is the journal's own: a screen
that attaches late sees the same rates as one that was there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from sessions import events as ev
from sessions.lines import Record
from steertui.screens.jobs.brief import brief
from steertui.screens.jobs.report import Report


@dataclass
class Ledger:
    """`clock` is the newest event's time in seconds since the journal began, `heard` when this screen got it."""

    reports: dict[int, Report] = field(default_factory=dict)
    clock: float = 0.0
    heard: float = field(default_factory=time.monotonic)

    def take(self, record: Record) -> None:
        self.clock += record.m / 1000
        self.heard = time.monotonic()
        if isinstance(record.event, ev.Job):
            self._job(record.event)
        elif isinstance(record.event, ev.Open):
            self._engine_went()

    def clear(self) -> None:
        """Another session has other jobs."""
        self.reports.clear()
        self.clock = 0.0

    @property
    def now(self) -> float:
        return self.clock + time.monotonic() - self.heard

    @property
    def going(self) -> list[Report]:
        """What runs or waits, in the order in which it was asked for."""
        return [report for report in self.reports.values() if not report.ended]

    @property
    def words(self) -> str:
        """The job that runs and how many wait, in a few words."""
        if not self.going:
            return ""
        first, waiting = self.going[0], len(self.going) - 1
        share = "" if first.percent is None else f" {first.percent}%"
        return f"{first.kind}{share}" + (f" +{waiting}" if waiting else "")

    def _job(self, event: ev.Job) -> None:
        report = self.reports.get(event.job)
        if report is None:
            whose = str(brief(event.session))
            report = Report(event.job, brief(event.kind), event.params, self.clock, "", session=whose)
            self.reports[event.job] = report
        report.take(event.state, event.event, event.message, self.clock)

    def _engine_went(self) -> None:
        """An engine takes the session up again: what ran when the last one went ran no further."""
        for report in self.going:
            report.take("lost", {}, "the engine went; r goes on where it was", self.clock)
