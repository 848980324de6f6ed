"""Carries out the ops of the protocol on the open session.

The session can be replaced by a new or an old one; the model stays loaded.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import SteerError, UsageError
from sessions.job_factories import JOBS
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord, decode
from sessions.journal.environment import opening_event
from sessions.journal.folder import SessionFolder, find_folder
from sessions.journal.journal import Journal
from sessions.live.jobs import Registry
from sessions.live.model_host import Home
from sessions.live.session import Session
from sessions.recorded.branch import branch_events
from sessions.state.fold import fold_all
from sessions.state.state import SessionState
from steertui import __version__, paths
from steertui.engine.models import models_reply
from steertui.engine.protocol import OPS

WORTH_KEEPING = (ev.TurnAdded, ev.AnswerStarted, ev.NoteAdded, ev.MarkAdded)


class SessionHost:
    """The model, the open session, and the ops on them. `root` is None without recording.

    `exchanged` is called when another session was opened.
    """

    def __init__(self, home: Home, root: Path | None, jobs: Registry = JOBS) -> None:
        self._models, self._root, self._jobs = home, root, jobs
        self.exchanged: Callable[[], None] = lambda: None
        self.journal, self.folder, trouble = _new_journal(root)
        self.session = self._start_session(SessionState())
        if trouble:
            self.journal.append(unrecorded_error(root, trouble))

    @property
    def options(self) -> Mapping[str, Any]:
        """The options the current model was loaded with."""
        return self._models.options

    def guest_host(self, *, record: bool) -> SessionHost:
        """A host for a guest session that shares the model."""
        # `host` is looked up when an event comes, which is after it has been assigned below.
        home = self._models.share(lambda event: host.journal.append(event))
        host = SessionHost(home, self._root if record else None, self._jobs)
        return host

    def run_op(self, op: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out an op of the session or of this host."""
        owner = self.session if OPS[op].owner == "session" else self
        result: dict[str, Any] = OPS[op].handler_of(owner)(**args)
        return result

    def models(self) -> dict[str, Any]:
        return models_reply(self.session.state.model)

    def status(self) -> dict[str, Any]:
        state = self.session.state
        return {
            "state": state.word,
            "model": state.model.name if state.model else None,
            "session": state.session,
            "seq": self.journal.seq,
            "recording": self.journal.recording,
            "folder": str(self.folder.path) if self.folder else None,
        }

    def new_session(self) -> dict[str, Any]:
        """Start a new session; model, vectors and mixer stay."""
        self._refuse_while_busy()
        before, left = self.session, self._close_session()
        self.journal, self.folder, trouble = _new_journal(self._root)
        self.session = self._start_session(SessionState())
        if trouble:
            self.journal.append(unrecorded_error(self._root, trouble))
        self.session.inherit(before)
        _remove_folder(left)
        self.exchanged()
        return {"session": self.journal.session}

    def branch_session(self, turn: int, at: int | None = None) -> dict[str, Any]:
        """Start a new session from the events that lead to a token of this one."""
        self._refuse_while_busy()
        events = list(branch_events(self._records(), turn, at))
        before = self.session
        self._close_session()
        self.journal, self.folder, trouble = _new_journal(self._root)
        parent = {"session": before.state.session, "turn": turn, "at": at}
        self.session = self._start_session(SessionState(), parent)
        if trouble:
            self.journal.append(unrecorded_error(self._root, trouble))
        for event in events:
            self.journal.append(event)
        self.session.inherit(before)
        self.exchanged()
        return {"session": self.journal.session}

    def _records(self) -> list[JournalRecord]:
        """All events of this session, from the journal."""
        records: list[JournalRecord] = []
        # The journal returns its lines in batches.
        while lines := self.journal.lines(records[-1].n if records else -1):
            records += [decode(line) for _, line in lines]
        return records

    def open_session(self, session: str) -> dict[str, Any]:
        """Reopen a recorded session with its vectors and mixer, on the current model."""
        self._refuse_while_busy()
        if self._root is None:
            raise UsageError("this engine does not record, so it cannot reopen a recorded session")
        folder = find_folder(self._root, session)
        if folder == self.folder:
            raise UsageError(f"session {folder.id} is already open")
        # Resumed before the current session is closed, which stays open if this fails.
        journal, reading = Journal.resume(folder)
        _remove_folder(self._close_session())
        self.journal, self.folder = journal, folder
        self.session = self._start_session(fold_all(reading.records))
        self.session.restore()
        self.exchanged()
        return {"session": self.journal.session, "report": reading.damage_words()}

    def close(self, reason: str) -> None:
        self.session.close(reason)
        self._models.close()
        self.discard_blank()

    def discard_blank(self) -> None:
        """Delete the folder of a session without turns and jobs."""
        _remove_folder(self.folder if self._blank else None)

    def _close_session(self) -> SessionFolder | None:
        """Close the session; returns its folder if nothing in it is worth keeping."""
        self.session.close("another session was opened")
        return self.folder if self._blank else None

    def _on_record(self, record: JournalRecord) -> None:
        """Note whether the session has content; jobs of guest sessions do not count."""
        event = record.event
        if isinstance(event, WORTH_KEEPING) or (isinstance(event, ev.JobChanged) and not event.session):
            self._blank = False

    def _refuse_while_busy(self) -> None:
        if self.session.busy:
            raise UsageError("the session is busy: stop its answer (esc) or cancel its jobs (F3, k) first")

    def _start_session(self, state: SessionState, parent: Mapping[str, Any] | None = None) -> Session:
        keep = self.folder.vectors if self.folder else None
        session = Session(
            self.journal, self._models, keep=keep, steps=_steps_folder(), state=state, jobs=self._jobs
        )
        self._blank = state.seq < 0
        self.journal.listen(self._on_record)
        self.journal.append(opening_event(self.journal.session, __version__, parent=parent))
        self._models.announce(self.journal.append)
        return session


def _remove_folder(folder: SessionFolder | None) -> None:
    if folder:
        shutil.rmtree(folder.path, ignore_errors=True)


def _steps_folder() -> Path | None:
    """The folder for finished job steps; without it a cancelled job starts from the beginning."""
    with contextlib.suppress(SteerError):
        return paths.cache_folder() / "jobs"
    return None


def _new_journal(root: Path | None) -> tuple[Journal, SessionFolder | None, OSError | None]:
    """A new journal, in memory only if the disk cannot be written."""
    if root is None:
        return Journal.unrecorded(), None, None
    try:
        return *Journal.create(root), None
    except OSError as error:
        return Journal.unrecorded(), None, error


def unrecorded_error(root: Path | None, error: OSError) -> ev.ErrorReported:
    """The error event that says why the session is not recorded and how to fix it."""
    where = error.filename or root
    said = f"not recorded: cannot write {where} ({error.strerror}); set XDG_DATA_HOME to another folder"
    return ev.ErrorReported(where="journal", message=said, code=ev.RECORDING)
