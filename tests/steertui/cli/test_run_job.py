"""The one way a verb gets a job done: in the engine that holds its model or alone, recorded, cancellable, resumable."""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import steertui
from core.errors import BadInput, EngineUnavailable, SteerError
from core.jobs import job
from sessions import job_factories
from sessions.journal import events as ev
from sessions.journal.folder import all_folders
from sessions.journal.reader import read
from sessions.live import torch_backend
from sessions.state.fold import fold_all
from sessions.state.state import SessionState
from steertui import paths
from steertui.cli import run_job
from steertui.cli.options.preflight import absolute_params
from steertui.cli.output.progress import ProgressLine
from steertui.cli.run_job import execute_job
from steertui.engine.connect import EngineConnection
from tests.sessions.scripted import Studio
from tests.steertui import scripted_engine

PERMITS = threading.Semaphore(0)
WORKED: list[int] = []


def count(instrument: Any, params: Mapping[str, Any]) -> job.Job:
    """Counts to `to`, a number per permit where it is to wait."""
    if params["to"] < 0:
        raise BadInput("cannot count down")

    def one(k: int) -> int:
        assert not params.get("wait") or PERMITS.acquire(timeout=20)
        WORKED.append(k)
        return k * k

    def run() -> job.Job:
        squares = []
        for k in range(params["to"]):
            squares.append((yield job.gpu_task(lambda k=k: one(k), key=str(k))))
            yield job.Progress(k + 1, params["to"], "numbers")
            yield job.Row("squares", str(k), {"n": k, "square": squares[-1]})
        if params.get("fail"):
            raise BadInput("line 7: no comma")
        return {"squares": squares, "model": instrument.facts["name"]}

    return run()


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(job_factories.JOBS, "count", count)  # type: ignore[arg-type]
    monkeypatch.setattr(torch_backend, "TorchBackend", lambda **_: Studio())
    WORKED.clear()
    while PERMITS.acquire(blocking=False):
        pass


@pytest.fixture
def engine() -> Iterator[EngineConnection]:
    """A running engine with its model, and a screen on it."""
    with scripted_engine.engine(record=True) as running, steertui.connect(socket=running.path) as screen:
        screen.ready()
        yield screen
        PERMITS.release(100)


def asked(**more: Any) -> argparse.Namespace:
    usual = {
        "model": "scripted",
        "own": False,
        "force": False,
        "no_record": False,
        "jsonl": False,
        "dtype": None,
        "device": None,
        "device_map": None,
        "revision": None,
        "quant": None,
        "adapter": None,
        "layers_path": None,
        "snapshot_memory": None,
    }
    return argparse.Namespace(**usual | more)


def kept() -> list[SessionState]:
    """The recorded sessions, the newest first."""
    return [fold_all(read(folder.journal).records) for folder in all_folders(paths.sessions_folder())]


def test_without_an_engine_the_job_is_done_here_and_leaves_a_session(
    capsys: pytest.CaptureFixture[str],
) -> None:
    summary = execute_job(asked(jsonl=True), "count", {"to": 3})
    assert summary == {"squares": (0, 1, 4), "model": "scripted"}
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["kind"] for event in events] == ["progress", "row"] * 3 + ["end"]
    assert events[-1] == {
        "kind": "end",
        "status": "done",
        "summary": {"squares": [0, 1, 4], "model": "scripted"},
    }
    (state,) = kept()
    assert state.jobs[1].state == "done"
    assert state.jobs[1].params == {"to": 3}
    assert state.closed == "done"


def test_without_a_record_nothing_is_left(engine: EngineConnection) -> None:
    before = len(kept())
    assert execute_job(asked(no_record=True), "count", {"to": 2})["squares"] == (0, 1)
    assert execute_job(asked(no_record=True, own=True), "count", {"to": 2})["squares"] == (0, 1)
    assert len(kept()) == before


def test_a_job_runs_in_the_engine_beside_the_session_that_is_open_there(engine: EngineConnection) -> None:
    summary = execute_job(asked(), "count", {"to": 3})
    assert summary["squares"] == (0, 1, 4)
    own, opened = kept()
    assert [report.get("kind") for report in own.jobs[1].reports].count("row") == 3
    shown = opened.jobs[1]
    assert (shown.kind, shown.state, shown.params) == ("count", "done", {"to": 3})
    assert "row" not in [report.get("kind") for report in shown.reports]
    assert not opened.turns
    assert opened.closed is None


def test_another_way_of_loading_or_own_needs_a_process_of_its_own(engine: EngineConnection) -> None:
    for more in ({"own": True}, {"dtype": "float32"}, {"model": "other"}):
        execute_job(asked(**more), "count", {"to": 1})
    assert not engine.state.jobs


def test_a_second_job_waits_until_the_first_has_ended(engine: EngineConnection) -> None:
    with ThreadPoolExecutor(2) as pool:
        first = engine.ask("job.start", kind="count", params={"to": 1, "wait": True})["job"]
        second = engine.ask("job.start", kind="count", params={"to": 2})["job"]
        assert engine.state.jobs[second].state == "queued"
        assert engine.state.word == "job"
        with pytest.raises(SteerError, match="in use"):
            engine.ask("load_model", model="other")
        PERMITS.release(1)
        pool.submit(engine._until, lambda state: state.jobs[second].state == "done", 20).result()
    assert engine.state.jobs[first].state == "done"
    assert WORKED == [0, 0, 1]


def test_a_job_that_waits_can_be_cancelled(engine: EngineConnection) -> None:
    first = engine.ask("job.start", kind="count", params={"to": 1, "wait": True})["job"]
    second = engine.ask("job.start", kind="count", params={"to": 2})["job"]
    engine.ask("job.cancel", job=second)
    engine._until(lambda state: state.jobs[second].state == "cancelled", 20)
    assert engine.state.jobs[first].state == "running"


def test_a_screen_can_end_the_job_of_a_command(engine: EngineConnection) -> None:
    with ThreadPoolExecutor(1) as pool:
        command = pool.submit(_quietly, asked(), {"to": 3, "wait": True})
        engine._until(lambda state: any(job.state == "running" for job in state.jobs.values()), 20)
        engine.ask("job.cancel", job=1)
        PERMITS.release(1)
        with pytest.raises(KeyboardInterrupt):
            command.result()
        engine._until(lambda state: state.jobs[1].state == "cancelled", 20)


def _quietly(args: argparse.Namespace, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """`carry_out` off the main thread, where no signal handler can be set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal, "signal", lambda number, handler: handler)
        return execute_job(args, "count", params)


@pytest.mark.parametrize("own", [True, False])
def test_ctrl_c_cancels_and_the_same_command_goes_on_from_there(engine: EngineConnection, own: bool) -> None:
    interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    release = threading.Timer(0.6, PERMITS.release, (1,))
    PERMITS.release(1)
    interrupt.start()
    release.start()
    with pytest.raises(KeyboardInterrupt):
        execute_job(asked(own=own), "count", {"to": 4, "wait": True})
    release.join()
    done = len(WORKED)
    assert done < 4
    PERMITS.release(4)
    assert execute_job(asked(own=own), "count", {"to": 4, "wait": True})["squares"] == (0, 1, 4, 9)
    assert sorted(WORKED) == [0, 1, 2, 3], "no step was worked twice"


@pytest.mark.parametrize("own", [True, False])
def test_ctrl_c_at_the_very_end_comes_too_late(
    engine: EngineConnection, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job has ended, and its command has not read that yet: it reports what was done."""
    usual = run_job.report_progress

    def interrupted(job: ev.JobChanged, bar: ProgressLine, *, events: bool = False) -> None:
        if job.ended:
            os.kill(os.getpid(), signal.SIGINT)
        usual(job, bar, events=events)

    monkeypatch.setattr(run_job, "report_progress", interrupted)
    assert execute_job(asked(own=own), "count", {"to": 2})["squares"] == (0, 1)


def test_a_command_that_is_gone_leaves_no_job_behind(engine: EngineConnection) -> None:
    guest = EngineConnection(Path(engine._client.path), "guest")
    guest.ask("job.start", kind="count", params={"to": 10**6, "wait": True})
    engine._until(lambda state: any(job.state == "running" for job in state.jobs.values()), 20)
    guest.close()
    # A busy engine notices the closed socket some steps later: each of them needs its permit.
    for _ in range(600):
        PERMITS.release(1)
        with suppress(EngineUnavailable):
            engine._until(lambda state: all(job.state == "cancelled" for job in state.jobs.values()), 0.1)
            break
    assert {job.state for job in engine.state.jobs.values()} == {"cancelled"}


@pytest.mark.parametrize("own", [True, False])
def test_what_a_job_refuses_is_raised_with_its_exit_code(engine: EngineConnection, own: bool) -> None:
    for params in ({"to": 1, "fail": True}, {"to": -1}):
        with pytest.raises(SteerError) as refused:
            execute_job(asked(own=own), "count", params)
        assert refused.value.exit_code == BadInput.exit_code
    assert str(refused.value) == "cannot count down"


def test_a_finished_job_is_worked_again_when_it_is_asked_for_again() -> None:
    for _ in range(2):
        execute_job(asked(), "count", {"to": 2})
    assert WORKED == [0, 1, 0, 1]


def test_paths_are_whole_for_an_engine_that_stands_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.jsonl").touch()
    given = {"contrast": "pairs.jsonl", "out": "v.gguf", "vector": "pirate", "method": "mean"}
    assert absolute_params("extract", given) == {
        "contrast": str(tmp_path / "pairs.jsonl"),
        "out": str(tmp_path / "v.gguf"),
        "vector": "pirate",
        "method": "mean",
    }
