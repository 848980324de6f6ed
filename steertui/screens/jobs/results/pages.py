"""The right side of the jobs screen: one job's pages under their tabs, redrawn when the job reports
something.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from steertui.screens.jobs.job_report import JobReport
from steertui.screens.jobs.results import views
from steertui.screens.jobs.results.curves import curve_panels
from steertui.widgets.page import TextPage
from steertui.widgets.status.tabs import PageTabs

TICKS = 2
"""Redraws per second of a running job's clock."""


class JobPages(Vertical):
    """The open page is remembered by name, so it stays open when another job is selected."""

    def __init__(self) -> None:
        super().__init__(id="job")
        self._tabs, self._page = PageTabs(id="tabs"), TextPage(id="page")
        self._report: JobReport | None = None
        self._open, self._column = views.OVERVIEW, ""
        self._seen: object = None

    def compose(self) -> ComposeResult:
        yield self._tabs
        yield self._page

    def show(self, report: JobReport | None, now: float) -> None:
        """Redraw what has changed since the last call."""
        other = report is not self._report
        self._report = report
        size = self._page.scrollable_content_region.size
        if report is None:
            self._tabs.show((), 0)
            self._page.show(views.empty_page(size.width))
            return
        running = report.state == "running"
        # The clock of a running job counts in ticks, so it changes only `TICKS` times a second.
        seen = report, report.version, self._open_name, size, self._column, int(now * TICKS) if running else 0
        if seen == self._seen:
            return
        self._seen = seen
        known = views.page_names(report)
        self._tabs.show(known, known.index(self._open_name))
        view = views.PageContext(now, size.width, size.height, self._column, self.app.get_css_variables())
        lines = views.page_lines(report, self._open_name, view)
        self._page.show(
            lines, frozen=views.frozen_size(report, self._open_name), follow=self._open_name in views.GROWING
        )
        if other:
            self._page.scroll_home(animate=False)

    @property
    def _open_name(self) -> str:
        """The name of the open page, or the overview if this job has no such page."""
        known = views.page_names(self._report) if self._report else []
        return self._open if self._open in known else views.OVERVIEW

    def change_page(self, change: int) -> None:
        """Go `change` pages further, wrapping around."""
        if self._report:
            known = views.page_names(self._report)
            self.open_page((known.index(self._open_name) + change) % len(known))

    def open_page(self, place: int) -> None:
        if self._report:
            self._open = views.page_names(self._report)[place]
            self._page.scroll_home(animate=False)

    def next_column(self) -> None:
        """Show the next curve on the overview."""
        titles = list(curve_panels(self._report)) if self._report else []
        if titles:
            here = titles.index(self._column) if self._column in titles else 0
            self._column, self._open = titles[(here + 1) % len(titles)], views.OVERVIEW

    def focus_page(self) -> None:
        self._page.focus()
