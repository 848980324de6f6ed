"""A command that works in this engine: it has a session of its own, and a line among the jobs of the open one.

So whoever sits at a screen sees that the model is in use, by what, how far it is, and can end it.
"""

from __future__ import annotations

import time
from dataclasses import replace

from core.jobs import Progress
from sessions import events as ev
from sessions.lines import Record
from sessions.live import Session
from steertui.engine.host import Host

PROGRESS_S = 0.5
GUESTS_DO_NOT = frozenset({"shutdown", "take_control", "session.open"})
"""What concerns the engine or the open session is not a command's to do."""
ENDED = ("done", "failed", "cancelled")
SAY = "say"
ENDS = {"cancel": "cancelled", "error": "failed", "oom": "failed"}


class Visit:
    """`house` is the host of the open session, `host` that of the guest's."""

    def __init__(self, house: Host, *, record: bool) -> None:
        self._house = house
        self.host = house.guest(record=record)
        self._shown: tuple[Session, int] | None = None
        self._told = 0.0
        self.attend()

    def attend(self) -> None:
        """To the guest's session that is open now."""
        self.host.journal.listen(self._heard)

    def close(self, reason: str) -> None:
        self.host.close(reason)

    def _heard(self, record: Record) -> None:
        event = record.event
        if isinstance(event, ev.Job) and self._worth_telling(event):
            self._tell(replace(event, event=event.event if event.state == "running" else {}))
        elif isinstance(event, ev.Gen):
            asked = self.host.session.state.path(event.parent)
            said = asked[-1].said if asked else ""
            self._tell(ev.Job(job=0, kind=SAY, state="running", params={"prompt": said[:200]}))
        elif isinstance(event, ev.Stop):
            state = ENDS.get(event.reason, "done")
            self._tell(ev.Job(job=0, kind=SAY, state=state, message=event.message))

    def _worth_telling(self, event: ev.Job) -> bool:
        """What it found is in its own session; here it is enough how far it is, and not more often than one can see."""
        if not event.event or event.state in ENDED:
            return True
        now = time.monotonic()
        if event.event.get("kind") != Progress.kind or now - self._told < PROGRESS_S:
            return False
        self._told = now
        return True

    def _tell(self, job: ev.Job) -> None:
        """Under one number, in whichever session is the open one."""
        session = self._house.session
        job = replace(job, session=self.host.journal.session)
        if self._shown and self._shown[0] is session:
            session.journal.append(replace(job, job=self._shown[1]))
        else:
            self._shown = session, session.tasks.show(job, self._cancel)
        if job.state in ENDED:
            session.tasks.end_shown(self._shown[1])
            self._shown = None

    def _cancel(self) -> None:
        """Somebody at the screen wants the model back."""
        guest = self.host.session
        guest.cancel()
        for number, job in guest.state.jobs.items():
            if job.state not in ENDED:
                guest.tasks.cancel(number)
