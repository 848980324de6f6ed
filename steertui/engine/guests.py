"""Guest sessions: a command that runs in this engine has its own session and is listed as a job in the open
one.

So a user at the screen sees what is using the model and how far it is, and can cancel it.
"""

from __future__ import annotations

import time
from dataclasses import replace

from core.jobs.job import Progress
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.live.session import Session
from steertui.engine.host import SessionHost

PROGRESS_S = 0.5
SAY = "say"
ENDS = {"cancel": "cancelled", "error": "failed", "oom": "failed"}


class GuestSession:
    """`host` is the guest session's host; `house` is the host of the open session."""

    def __init__(self, house: SessionHost, *, record: bool) -> None:
        self._open_host = house
        self.host = house.guest_host(record=record)
        self._shown: tuple[Session, int] | None = None
        self._last_progress = 0.0
        self.follow_session()

    def follow_session(self) -> None:
        """Listen to the guest's current session."""
        self.host.journal.listen(self._on_record)

    def close(self, reason: str) -> None:
        self.host.close(reason)

    def _on_record(self, record: JournalRecord) -> None:
        event = record.event
        if isinstance(event, ev.JobChanged) and self._is_worth_showing(event):
            # The report of a finished job holds its results, which stay in the guest session.
            self._show_job(replace(event, event=event.event if event.state == "running" else {}))
        elif isinstance(event, ev.AnswerStarted):
            asked = self.host.session.state.path(event.parent)
            said = asked[-1].given_text if asked else ""
            self._show_job(ev.JobChanged(job=0, kind=SAY, state="running", params={"prompt": said[:200]}))
        elif isinstance(event, ev.AnswerStopped):
            state = ENDS.get(event.reason, "done")
            self._show_job(ev.JobChanged(job=0, kind=SAY, state=state, message=event.message))

    def _is_worth_showing(self, event: ev.JobChanged) -> bool:
        """Whether the open session shows this event: changes of state, and progress at most every
        `PROGRESS_S` seconds; results stay in the guest session.
        """
        if not event.event or event.ended:
            return True
        now = time.monotonic()
        if event.event.get("kind") != Progress.kind or now - self._last_progress < PROGRESS_S:
            return False
        self._last_progress = now
        return True

    def _show_job(self, job: ev.JobChanged) -> None:
        """Record the job under one number in the open session, also after another one was opened."""
        session = self._open_host.session
        job = replace(job, session=self.host.journal.session)
        # The number is only valid in the session that issued it.
        if self._shown and self._shown[0] is session:
            session.journal.append(replace(job, job=self._shown[1]))
        else:
            self._shown = session, session.tasks.show_external(job, self._cancel)
        if job.ended:
            session.tasks.end_external(self._shown[1])
            self._shown = None

    def _cancel(self) -> None:
        """Cancel the guest's answer and jobs, on request from the open session."""
        guest = self.host.session
        guest.cancel()
        for number, job in guest.state.jobs.items():
            if not job.ended:
                guest.tasks.cancel(number)
