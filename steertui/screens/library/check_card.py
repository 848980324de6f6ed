"""The check of the selected vector: starts and stops the job, and shows its result from the session's
events.

The job belongs to the session: it goes on when the library is closed, and is shown again on return.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text
from textual import work
from textual.widgets import Static

from sessions.state.state import JobState, SessionState
from steertui.check_report import render_check_report
from steertui.screens.connection import EngineLink
from steertui.text import safe_text
from steertui.widgets.bars import progress_bar

KIND = "check"
UPDATES_PER_S = 10  # updates per second; only changes are drawn
BAR = 24
COLOURS = {"green": "success", "amber": "warning", "red": "error"}
Seen = tuple[JobState | None, bool, bool]


class CheckCard(Static):
    """Empty while the vector has not been checked in this session."""

    def __init__(self, link: EngineLink) -> None:
        super().__init__(id="check", markup=False)
        self._link, self._vector, self._beginning = link, "", False
        self._seen: Seen = (None, False, False)
        self._stopped: set[tuple[str, int]] = set()
        self.display = False

    def on_mount(self) -> None:
        self.set_interval(1 / UPDATES_PER_S, self.update_view)

    def set_vector(self, name: str) -> None:
        self._vector = name
        self.update_view()

    def toggle(self) -> None:
        """Start the check, or stop it if it is running."""
        if not self._beginning and not self.stop():
            self._begin()

    def stop(self) -> bool:
        """Cancel a running check; True if a cancel was sent. Sent once per job, so that a dead job cannot
        block leaving.
        """
        task = newest_check(self._link.state, self._vector)
        if task is None or task.state != "running" or not self._link.connected:
            return False
        key = (self._link.state.session, task.id)
        if key in self._stopped:
            return False
        self._stopped.add(key)
        self._cancel(task.id)
        return True

    @work(group="check", exit_on_error=False)
    async def _begin(self) -> None:
        self._beginning = True
        try:
            await self._link.request("job.start", kind=KIND, params={"vector": self._vector})
        finally:
            self._beginning = False

    @work(group="check", exit_on_error=False)
    async def _cancel(self, job: int) -> None:
        await self._link.request("job.cancel", job=job)

    def update_view(self) -> None:
        """Redraw what has changed."""
        seen = (newest_check(self._link.state, self._vector), self._link.connected, self._beginning)
        # States are never changed in place, so identity is enough; comparing long reports is slow.
        if seen[0] is self._seen[0] and seen[1:] == self._seen[1:]:
            return
        self._seen = seen
        text = check_text(*seen, self.app.get_css_variables())
        self.display = bool(text.plain)
        self.update(text)


def newest_check(state: SessionState, name: str) -> JobState | None:
    """The session's newest check of this vector, from any client; estimates have no verdict."""
    tasks = [
        task
        for task in state.jobs.values()
        if task.kind == KIND and task.params.get("vector") == name and not task.params.get("estimate")
    ]
    return max(tasks, key=lambda task: task.id, default=None)


def check_text(task: JobState | None, up: bool, beginning: bool, colours: Mapping[str, str]) -> Text:
    """The progress, the verdict, or the reason why there is none."""
    if beginning:
        return Text("checking …", style="dim")
    if task is None:
        return Text()
    if task.state == "done":
        return _verdict(task, colours)
    if task.state == "failed":
        return Text(f"⚠ check failed: {safe_text(task.message)}", style=colours["error"])
    if task.state == "cancelled":
        return Text("check stopped", style="dim")
    return Text(_progress(task) if up else "⚠ check: the engine does not answer")


def _progress(task: JobState) -> str:
    last = next((report for report in reversed(task.reports) if report.get("kind") == "progress"), None)
    if last is None or not last["total"]:
        return "checking …"
    bar = "".join(progress_bar(last["done"], last["total"], BAR))
    return f"checking  {bar}  {last['done']}/{last['total']} {safe_text(last['unit'])}"


def _verdict(task: JobState, colours: Mapping[str, str]) -> Text:
    """The verdict as text; the colour only repeats it."""
    report = task.reports[-1]
    text = Text("\n".join(map(safe_text, render_check_report(report))))
    text.stylize(f"bold {colours[COLOURS[report['verdict']]]}", 0, len(report["verdict"]))
    return text
