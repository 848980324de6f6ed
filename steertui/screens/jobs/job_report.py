"""Everything one job has reported, sorted for display: tables, curves, grids, samples, files, log."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.jobs import job
from sessions.journal.events import JOB_ENDED
from steertui.screens.jobs.form.brief import shorten_texts
from steertui.screens.jobs.job_panel import StageProgress

SAMPLES = 300
"""Number of newest samples kept for display; the journal has all of them."""


@dataclass(frozen=True)
class ReportEntry:
    """A line of the log, with the seconds since the job was requested."""

    at: float
    words: str
    wrong: bool = False


@dataclass
class JobReport:
    """Built event by event. `asked` and `at` are the session's clock when the job was requested and at its
    newest event; `session` is set for a command-line job, which is recorded in its own session.
    """

    id: int
    kind: str
    params: Mapping[str, Any]
    asked: float
    state: str = "queued"
    message: str = ""
    at: float = 0.0
    stages: list[StageProgress] = field(default_factory=list)
    tables: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    curves: dict[str, dict[float, job.Point]] = field(default_factory=dict)
    grids: dict[str, dict[tuple[str, str], float]] = field(default_factory=dict)
    samples: deque[job.JobSample] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    sampled: int = 0
    files: list[job.Artifact] = field(default_factory=list)
    log: list[ReportEntry] = field(default_factory=list)
    summary: Mapping[str, Any] = field(default_factory=dict)
    session: str = ""
    version: int = 0

    def on_job_event(self, state: str, event: Mapping[str, Any], message: str, at: float) -> None:
        """Apply one job event of the journal."""
        event, message = shorten_texts(event), shorten_texts(message)
        self.version += 1
        self.at = at
        if state in JOB_ENDED:
            self.summary, self.message = event, message
        elif event:
            self._apply_event(event)
        if state != self.state:
            if state in JOB_ENDED:
                self._end_stage()
            self.state = state
            self.add_log_line(f"{state}: {message}" if message else state, wrong=state == "failed")

    def add_log_line(self, words: str, *, wrong: bool = False) -> None:
        self.log.append(ReportEntry(self.at - self.asked, words, wrong))

    @property
    def ended(self) -> bool:
        return self.state in (*JOB_ENDED, "lost")

    @property
    def stage(self) -> StageProgress | None:
        return self.stages[-1] if self.stages else None

    @property
    def percent(self) -> int | None:
        """Progress of the current stage while running; at most 99, because a finished stage is not a
        finished job.
        """
        share = self.stage.share if self.stage and self.state == "running" else None
        return None if share is None else min(int(100 * share), 99)

    @property
    def vector(self) -> str:
        """The path of the newest vector it wrote."""
        return next((file.path for file in reversed(self.files) if file.what == "vector"), "")

    @property
    def no_vector_reason(self) -> str:
        """The reason why there is no vector to load."""
        if self.session:
            return f"job {self.id} was started from the command line; its result is in session {self.session[-6:]}"
        return f"job {self.id} has made no vector"

    def _apply_event(self, event: Mapping[str, Any]) -> None:
        """Apply a report event; unknown kinds from a newer engine are ignored."""
        try:
            known = job.JobEvent.from_json(event)
        except (KeyError, TypeError):
            return
        if step := STEPS.get(known.kind):
            step(self, known)

    # One kind of event each ------------------------------------------------------------------------------------

    def add_progress(self, event: job.Progress) -> None:
        # A new unit is a new stage; it began when the last report of the one before came.
        if not self.stages or self.stages[-1].unit != event.unit:
            self._end_stage()
            self.stages.append(StageProgress(event.unit, self.stages[-1].last if self.stages else self.asked))
        self.stages[-1].set_progress(event.done, event.total, self.at)

    def _end_stage(self) -> None:
        if self.stages:
            stage = self.stages[-1]
            self.add_log_line(f"{stage.done}/{stage.total} {stage.unit}")

    def add_row(self, event: job.Row) -> None:
        self.tables.setdefault(event.table, {})[event.key] = event.values

    def add_point(self, event: job.Point) -> None:
        # The journal writes a number that is not finite as a string, which cannot be drawn.
        if isinstance(event.y, int | float):
            self.curves.setdefault(event.series, {})[event.x] = event

    def add_cell(self, event: job.Cell) -> None:
        if isinstance(event.value, int | float):
            self.grids.setdefault(event.grid, {})[str(event.row), str(event.column)] = event.value

    def add_sample(self, event: job.JobSample) -> None:
        self.samples.append(event)
        self.sampled += 1

    def add_file(self, event: job.Artifact) -> None:
        # A file that is written again, such as a vector with its dose, is listed once.
        known = [place for place, file in enumerate(self.files) if file.path == event.path]
        for place in known:
            self.files[place] = event
        if not known:
            self.files.append(event)
        self.add_log_line(f"{event.what or 'file'} written{' again' if known else ''} to {event.path}")


STEPS: Mapping[str, Callable[[JobReport, Any], None]] = {
    "progress": JobReport.add_progress,
    "row": JobReport.add_row,
    "point": JobReport.add_point,
    "cell": JobReport.add_cell,
    "sample": JobReport.add_sample,
    "artifact": JobReport.add_file,
}
