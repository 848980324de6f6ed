"""The jobs screen: a list of all jobs, the pages of the selected one, and the actions on it.

Jobs belong to the session and go on when this screen is closed. It returns the file of a vector to load
on the desk, or None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import OptionList

from core.errors import SteerError, UsageError
from sessions.job_specs.catalogue import OFFERS
from steertui import commands
from steertui.screens.connection import EngineLink
from steertui.screens.copy_text import copy_or_warn
from steertui.screens.jobs.form.form import JobForm
from steertui.screens.jobs.job_list import JobReports
from steertui.screens.jobs.job_report import JobReport
from steertui.screens.jobs.queue import JobList, order_reports
from steertui.screens.jobs.results.pages import JobPages
from steertui.screens.notices import ShowsNotices
from steertui.screens.pick import ChoiceDialog
from steertui.text import safe_text
from steertui.widgets.choices import Choice
from steertui.widgets.cover import Cover
from steertui.widgets.page import TextPage
from steertui.widgets.status.hints import Hints

UPDATES_PER_S = 5
"""Updates per second; only changes are drawn."""


class JobsScreen(ShowsNotices, Screen[str | None]):
    """F3. `ledger` holds the job reports that the desk has collected."""

    CSS_PATH = "jobs.tcss"
    AUTO_FOCUS = "#queue"
    BINDINGS = [*commands.key_bindings(commands.JOBS)]
    PLACES = (commands.JOBS,)
    TOPIC = "jobs"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]

    def __init__(self, link: EngineLink, ledger: JobReports) -> None:
        super().__init__()
        self._link, self._ledger = link, ledger
        self._queue, self._pages = JobList(), JobPages()
        self._number = self._shown = 0

    def compose(self) -> ComposeResult:
        with Horizontal(id="room"):
            yield self._queue
            yield self._pages
        yield Hints()
        yield Cover()

    def on_mount(self) -> None:
        self.query_one(Hints).show(commands.screen_hints(commands.JOBS, "read"))
        self.set_interval(1 / UPDATES_PER_S, self.update_view)

    @property
    def _reports(self) -> Mapping[int, JobReport]:
        return self._ledger.reports

    @property
    def _chosen(self) -> JobReport:
        if self._shown not in self._reports:
            raise UsageError("there is no job yet: n starts one")
        return self._reports[self._shown]

    @on(TextPage.Resized)
    def update_view(self) -> None:
        """Redraw what has changed. The first job is shown until the wanted one has been reported."""
        first = next((report.id for report in order_reports(self._reports)), 0)
        self._shown = self._number if self._number in self._reports else first
        self._queue.border_title = "jobs" if self._reports else "jobs · none in this session"
        self._queue.show(self._reports, self._shown, self.app.get_css_variables())
        report = self._reports.get(self._shown)
        self._pages.border_title = Text(safe_text(f"{report.id} {report.kind}") if report else "no job")
        self._pages.show(report, self._ledger.now)

    @on(OptionList.OptionHighlighted, "#queue")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The user moved the cursor to another job."""
        # Moving the cursor from `update_view` sends this message, too.
        if event.option.id not in (None, str(self._shown)):
            self._number = int(str(event.option.id))
            self.update_view()

    @on(OptionList.OptionSelected, "#queue")
    def _read_selected(self) -> None:
        self._pages.focus_page()

    # Starting jobs -------------------------------------------------------------------------------------------------

    def action_new(self) -> None:
        choices = [Choice(offer.kind, offer.title, offer.summary) for offer in OFFERS.values()]

        def answered(kind: str | None) -> None:
            if kind is not None:
                self._open_form(kind, {})

        hint = "enter opens the form"
        self.app.push_screen(ChoiceDialog("a new job", choices, hint=hint, wide=True, tells=True), answered)

    def _open_form(self, kind: str, given: Mapping[str, Any]) -> None:
        model = self._link.state.model
        n_layers = int(model.facts.get("n_layers", 0)) if model else 0
        form = JobForm(OFFERS[kind], given, model.name if model else None, n_layers, self._start)
        self.app.push_screen(form, self._select_started)

    async def _start(self, kind: str, params: Mapping[str, Any]) -> int | None:
        """Start a job and return its number; None if it was refused, which has already been reported."""
        reply = await self._link.request("job.start", kind=kind, params=dict(params))
        return None if reply is None else int(reply["job"])

    def _select_started(self, number: int | None) -> None:
        if number is not None:
            self._number = number
            self.update_view()

    @work(group="jobs", exit_on_error=False)
    async def _again(self, report: JobReport) -> None:
        self._select_started(await self._start(report.kind, report.params))

    @work(group="jobs", exit_on_error=False)
    async def _cancel(self, number: int) -> None:
        await self._link.request("job.cancel", job=number)

    # Actions on the selected job ---------------------------------------------------------------------------------

    def action_again(self) -> None:
        if report := self._chosen_or_warn(running=False):
            self._again(report)

    def action_change(self) -> None:
        report = self._chosen_or_warn(running=None)
        if report is not None and report.kind in OFFERS:
            self._open_form(report.kind, report.params)
        elif report is not None:
            self.warn(f"{report.kind} has no form")

    def action_cancel(self) -> None:
        if report := self._chosen_or_warn(running=True):
            self._cancel(report.id)

    def action_load(self) -> None:
        """Close the screen with the job's vector, which the desk loads."""
        if (report := self._chosen_or_warn(running=None)) is None:
            return
        if report.vector:
            self.dismiss(report.vector)
        else:
            self.warn(report.no_vector_reason)

    @work(group="keep", exit_on_error=False)
    async def action_keep(self) -> None:
        if (report := self._chosen_or_warn(running=None)) is None:
            return
        try:
            place = await asyncio.to_thread(_keep_vector, report)
        except SteerError as error:
            self.warn(str(error))
            return
        self.notify(safe_text(place), markup=False)

    def action_copy(self) -> None:
        if (report := self._chosen_or_warn(running=None)) is None:
            return
        model = self._link.state.model
        try:
            words = OFFERS[report.kind].command(report.params, model.name if model else None)
        except (KeyError, SteerError):
            self.warn(f"{report.kind} has no command line")
            return
        copy_or_warn(self.app, words, self.warn)

    def action_page(self, change: int) -> None:
        self._pages.change_page(change)
        self.update_view()

    def action_turn(self, place: int) -> None:
        """Open the page whose tab was clicked."""
        self._pages.open_page(place)
        self.update_view()

    def action_column(self) -> None:
        self._pages.next_column()
        self.update_view()

    def action_back(self) -> None:
        """Leave the page for the list, or leave the screen."""
        if self._queue.has_focus:
            self.dismiss(None)
        else:
            self._queue.focus()

    def _chosen_or_warn(self, *, running: bool | None) -> JobReport | None:
        """The selected job if it is (not) running as required; otherwise show why not and return None."""
        try:
            report = self._chosen
            # True asks for a job that has not ended, False for one that has.
            if running is not None and running == report.ended:
                state = "has ended" if report.ended else "has not ended yet"
                raise UsageError(f"job {report.id} {state}")
        except SteerError as error:
            self.warn(str(error))
            return None
        return report


def _keep_vector(report: JobReport) -> str:
    """Copy the vector into the library under its own name, unless it is there already; returns the notice."""
    from pathlib import Path

    from vectors.library import library
    from vectors.vector_file import read_file

    if not report.vector:
        raise UsageError(report.no_vector_reason)
    if Path(report.vector).parent == library.library_folder():
        return f"{Path(report.vector).stem} is already in the library"
    return f"in the library as {library.add_to_library(read_file(report.vector)).stem}"
