"""Jobs in a session: what they report is in the journal, chat goes between their steps, cancel keeps what is done."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, UsageError
from core.jobs import job
from sessions.journal import events as ev
from sessions.journal.journal import Journal
from sessions.journal.reader import read
from sessions.live.model_host import ModelHost
from sessions.live.session import Session
from sessions.state.fold import fold_all
from sessions.state.state import REPORTS
from tests.sessions.live.test_session import until
from tests.sessions.scripted import Studio

PERMITS = threading.Semaphore(0)


def count(instrument: Any, params: Mapping[str, Any]) -> job.Job:
    """Counts to `to` on the GPU thread; with `wait` each number needs a permit."""
    if "to" not in params:
        raise UsageError("count needs `to`")

    def one(k: int) -> int:
        assert not params.get("wait") or PERMITS.acquire(timeout=10)
        return k * k

    def run() -> job.Job:
        squares = []
        for k in range(params["to"]):
            squares.append((yield job.gpu_task(lambda k=k: one(k), key=str(k))))
            yield job.Progress(k + 1, params["to"])
        return {"squares": squares, "model": instrument and instrument.name}

    return run()


def breaks(instrument: Any, params: Mapping[str, Any]) -> job.Job:
    yield job.Progress(0, 1)
    raise BadInput("line 7: no comma")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    while PERMITS.acquire(blocking=False):
        pass
    journal, folder = Journal.create(tmp_path)
    session = Session(
        journal,
        ModelHost(Studio()),
        keep=folder.vectors,
        steps=tmp_path / "steps",
        jobs={"count": count, "breaks": breaks},
    )
    session.load_model("scripted")
    until(lambda: not session.busy)
    yield session
    PERMITS.release(100)
    session.close("test over")


def test_a_job_reports_and_ends_with_its_summary(session: Session) -> None:
    number = session.tasks.start("count", {"to": 3})["job"]
    until(lambda: session.state.jobs[number].state == "done")
    task = session.state.jobs[number]
    assert [report.get("done") for report in task.reports] == [1, 2, 3, None]
    assert task.reports[-1] == {"squares": (0, 1, 4), "model": "scripted"}


def test_a_chat_is_answered_between_the_steps_of_a_job(session: Session) -> None:
    number = session.tasks.start("count", {"to": 3, "wait": True})["job"]
    assert session.state.word == "job"
    session.chat("hello")
    PERMITS.release(1)
    until(lambda: session.state.path()[-1].stop)
    assert session.state.jobs[number].state == "running"


def test_a_cancelled_job_goes_on_from_there_when_started_again(session: Session) -> None:
    first = session.tasks.start("count", {"to": 4, "wait": True})["job"]
    PERMITS.release(1)
    until(lambda: session.state.jobs[first].reports)
    session.tasks.cancel(first)
    PERMITS.release(1)
    until(lambda: session.state.jobs[first].state == "cancelled")
    again = session.tasks.start("count", {"to": 4, "wait": True})["job"]
    until(lambda: session.state.jobs[again].reports)
    assert session.state.jobs[again].reports[0]["done"] == 1
    assert session.state.jobs[again].state == "running"
    PERMITS.release(4)
    until(lambda: session.state.jobs[again].state == "done")
    assert session.state.jobs[again].reports[-1]["squares"] == (0, 1, 4, 9)
    with pytest.raises(UsageError, match="not running"):
        session.tasks.cancel(again)


def test_what_is_wrong_with_a_job_is_said_in_a_sentence(session: Session) -> None:
    with pytest.raises(UsageError, match="there is no job 'fly': choose one of breaks, count"):
        session.tasks.start("fly")
    with pytest.raises(UsageError, match="needs `to`"):
        session.tasks.start("count")
    number = session.tasks.start("breaks")["job"]
    until(lambda: session.state.jobs[number].state == "failed")
    assert session.state.jobs[number].message == "line 7: no comma"


def test_every_job_event_is_in_the_journal(session: Session) -> None:
    heard: list[ev.Event] = []
    session.journal.listen(lambda record: heard.append(record.event))
    number = session.tasks.start("count", {"to": 2})["job"]
    until(lambda: session.state.jobs[number].state == "done")
    assert [event.state for event in heard if isinstance(event, ev.JobChanged)] == ["running"] * 3 + ["done"]


def test_a_state_holds_the_newest_reports_and_the_journal_all(session: Session, tmp_path: Path) -> None:
    number = session.tasks.start("count", {"to": 3 * REPORTS})["job"]
    until(lambda: session.state.jobs[number].state == "done")
    task = session.state.jobs[number]
    assert (len(task.reports), task.report_count) == (REPORTS, 3 * REPORTS + 1)
    assert task.reports[-2]["done"] == 3 * REPORTS
    assert "squares" in task.reports[-1]
    session.note("the last line")
    (journal,) = tmp_path.glob("*/*/journal.jsonl")
    records = read(journal).records
    told = [r.event.event for r in records if isinstance(r.event, ev.JobChanged) and r.event.event]
    assert len(told) == task.report_count
    assert fold_all(records) == session.state
