"""The verification of a recorded session: starts the engine's verify job and shows its result."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.text import Text
from textual import work
from textual.widgets import Static

from sessions.export.facts import collect_facts
from sessions.journal.folder import SessionFolder
from sessions.journal.reader import read
from sessions.recorded.index import SessionEntry
from sessions.state.state import JobState, SessionState
from steertui.screens.connection import EngineLink
from steertui.screens.notices import ShowsNotices
from steertui.text import safe_text

KIND = "verify"
UPDATES_PER_S = 10  # updates per second; only changes are drawn
COLOURS = {"bit-exact": "success", "token-exact": "success", "forced": "warning", "diverged": "error"}
MEANS = {
    "bit-exact": "the same tokens with the same probabilities, bit for bit",
    "token-exact": "the same tokens; probabilities differ by rounding",
    "forced": "other tokens, but under teacher forcing the recorded ones have the same probabilities within rounding",
    "diverged": "not reproduced",
}


class VerificationCard(ShowsNotices, Static):
    """Empty until the session is verified from here."""

    def __init__(self, link: EngineLink) -> None:
        super().__init__(id="verification", markup=False)
        self._link = link
        self._entry: SessionEntry | None = None
        self._seen: JobState | None = None
        self.display = False

    def on_mount(self) -> None:
        self.set_interval(1 / UPDATES_PER_S, self.update_view)

    def set_session(self, entry: SessionEntry | None) -> None:
        self._entry = entry
        self.update_view()

    def toggle(self) -> None:
        """Start the job, or cancel it if it is running."""
        task = self._job
        if task is not None and task.state == "running":
            self._request("job.cancel", job=task.id)
        elif self._entry is not None:
            self._start(self._entry)

    @work(group="verify", exit_on_error=False)
    async def _start(self, entry: SessionEntry) -> None:
        reason = await asyncio.to_thread(verify_obstacle, entry, self._link.state)
        if reason:
            self.warn(reason)
        else:
            await self._link.request("job.start", kind=KIND, params={"session": entry.folder})

    @work(group="verify", exit_on_error=False)
    async def _request(self, op: str, **what: Any) -> None:
        await self._link.request(op, **what)

    @property
    def _job(self) -> JobState | None:
        return None if self._entry is None else newest_verification(self._link.state, self._entry.folder)

    def update_view(self) -> None:
        """Redraw what has changed."""
        # States are never changed in place, so identity is enough.
        if (task := self._job) is self._seen:
            return
        self._seen = task
        text = Text() if task is None else verification_text(task, self.app.get_css_variables())
        self.display = bool(text.plain)
        self.update(text)


def newest_verification(state: SessionState, folder: str) -> JobState | None:
    """The newest verification of this session that the open session has recorded."""
    tasks = [
        task for task in state.jobs.values() if task.kind == KIND and task.params.get("session") == folder
    ]
    return max(tasks, key=lambda task: task.id, default=None)


def verify_obstacle(entry: SessionEntry, state: SessionState) -> str:
    """Why the engine cannot verify the session (no model, or a different one); empty if it can."""
    if state.model is None or state.model.state != "ready":
        return "verifying needs a loaded model: press F6 to load one"
    recorded = collect_facts(read(SessionFolder(Path(entry.folder)).journal).records).model
    if recorded is None:
        return "no model was loaded in this session: there is nothing to verify"
    then, now = recorded.facts.get("fingerprint"), state.model.facts.get("fingerprint")
    if then == now and recorded.name == state.model.name:
        return ""
    return (
        f"recorded with {recorded.name}, but the engine has {state.model.name}: "
        f"load that model, or run steertui sessions verify {entry.id}"
    )


def verification_text(task: JobState, colours: Mapping[str, str]) -> Text:
    """The grade as text; the colour only repeats it."""
    if task.state == "running":
        return Text(f"verifying … {task.report_count} answers generated again (v stops it)")
    if task.state == "cancelled":
        return Text("verification stopped")
    if task.state == "failed":
        return Text(f"⚠ verification failed: {safe_text(task.message)}", style=colours["error"])
    summary = task.reports[-1]
    grade = str(summary["grade"])
    text = Text(f"{grade}: {MEANS.get(grade, '')} ({len(summary['answers'])} answers)")
    if place := summary.get("first_divergence"):
        text.append(f"; first at token {place['at']} of answer {place['gen']}")
    text.stylize(f"bold {colours[COLOURS.get(grade, 'error')]}", 0, len(grade))
    return text
