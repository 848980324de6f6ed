"""The list of the session's jobs: running and queued ones first, then finished ones, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from sessions.job_specs.catalogue import OFFERS
from steertui.screens.jobs.form.brief import shorten_texts
from steertui.screens.jobs.job_report import JobReport
from steertui.text import safe_text

SIGNS = {"running": "▶", "queued": "·", "done": "✓", "failed": "✗", "cancelled": "■", "lost": "✗"}
COLOURS = {"running": "accent", "done": "success", "failed": "error", "lost": "error"}
GUEST = "command line · "
"""Marks a job that a command line runs in this engine; it is recorded in its own session."""


class JobList(OptionList):
    """Keeps the selected job by its number, not by its position."""

    def __init__(self) -> None:
        super().__init__(id="queue")
        self._shown: list[tuple[int, int, int | None]] = []

    def show(self, reports: Mapping[int, JobReport], chosen: int, colours: Mapping[str, str]) -> None:
        """Redraw what has changed."""
        ordered = order_reports(reports)
        seen = [(report.id, report.version, report.percent) for report in ordered]
        if seen == self._shown:
            return
        same = [number for number, *_ in seen] == [number for number, *_ in self._shown]
        prompts = [_job_line(report, colours) for report in ordered]
        # Replaced prompts keep cursor and scroll position; only another order needs a new list.
        if same:
            for place, prompt in enumerate(prompts):
                self.replace_option_prompt_at_index(place, prompt)
        else:
            self.clear_options()
            self.add_options(
                [Option(prompt, id=str(r.id)) for prompt, r in zip(prompts, ordered, strict=True)]
            )
        self._shown = seen
        places = {report.id: place for place, report in enumerate(ordered)}
        if chosen in places and self.highlighted != places[chosen]:
            self.highlighted = places[chosen]


def order_reports(reports: Mapping[int, JobReport]) -> list[JobReport]:
    """The reports in the order of the list."""
    going = [report for report in reports.values() if not report.ended]
    over = [report for report in reports.values() if report.ended]
    # False sorts first, so running jobs stand above queued ones.
    return [*sorted(going, key=lambda r: (r.state != "running", r.id)), *sorted(over, key=lambda r: -r.id)]


def job_subject(kind: str, params: Mapping[str, Any]) -> str:
    """The inputs a job works on: its first required parameters, shortened."""
    offer = OFFERS.get(kind)
    needed = [param.name for param in offer.params if param.required] if offer else list(params)
    words = [str(shorten_texts(params[name])) for name in needed if params.get(name) not in (None, "")]
    return safe_text(" ".join(word.rstrip("/").rpartition("/")[2] or word for word in words[:2]))


def _job_line(report: JobReport, colours: Mapping[str, str]) -> Table:
    colour = colours[COLOURS[report.state]] if report.state in COLOURS else "dim"
    share = report.percent
    row = Table.grid(expand=True, padding=(0, 1))
    row.add_column(no_wrap=True, width=1)
    row.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    row.add_column(justify="right", no_wrap=True)
    what = Text(f"{report.id} {safe_text(report.kind)} ", no_wrap=True, overflow="ellipsis")
    what.append(GUEST if report.session else "", style="dim")
    what.append(job_subject(report.kind, report.params), style="dim")
    end = f"{share}%" if share is not None else "" if report.state == "running" else report.state
    row.add_row(Text(SIGNS.get(report.state, "·"), style=colour), what, Text(safe_text(end), style=colour))
    return row
