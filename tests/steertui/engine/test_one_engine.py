"""One engine for all: what is asked of the one that runs and is otherwise there is refused; one lives in-process."""

from __future__ import annotations

import json
import os
import threading
import time
import warnings
from pathlib import Path

import pytest

import steertui
from core.errors import EngineUnavailable, UsageError
from sessions.journal.folder import all_folders
from steertui import durations, paths
from steertui.cli import main
from steertui.engine.inline import InlineEngine
from steertui.engine.launch import ensure_engine, find_engines, start_engine
from steertui.engine.process import EngineProcess
from steertui.engine.sockets import EngineSocket
from tests.sessions.scripted import Studio
from tests.steertui.app.stage import desk_at


def resident(**options: str) -> InlineEngine:
    door = EngineSocket(paths.runtime_folder(), "main")
    return InlineEngine(EngineProcess(door, Studio(), paths.sessions_folder(), "scripted", options))


def test_the_way_of_loading_is_told_from_the_first_moment_a_model_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = threading.Event()
    monkeypatch.setattr(Studio, "check_load", lambda self, name, options: go.wait(20))
    with resident(dtype="bfloat16"):
        loaded()
        (found,) = find_engines()
        assert (found.state, found.options) == ("loading", {"dtype": "bfloat16"})
        go.set()


def loaded() -> None:
    limit = time.monotonic() + 20
    while not any(engine.model for engine in find_engines()):
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_the_same_way_of_loading_or_none_at_all_finds_the_engine() -> None:
    with resident(dtype="bfloat16") as running:
        loaded()
        for options in (None, {}, {"dtype": "bfloat16"}, {"dtype": "bfloat16", "force": True}):
            assert ensure_engine("scripted", options) == running.path


def test_who_asked_for_no_way_is_told_which_one_it_is() -> None:
    with resident(dtype="bfloat16", adapter="polite"):
        loaded()
        with pytest.warns(UserWarning, match="loaded it as: dtype bfloat16, adapter polite"):
            steertui.connect("scripted").close()
        with warnings.catch_warnings(action="error", category=UserWarning):
            steertui.connect(socket=find_engines()[0].path).close()
    with resident(), warnings.catch_warnings(action="error", category=UserWarning):
        loaded()
        steertui.connect("scripted").close()


@pytest.mark.anyio
async def test_and_so_is_a_screen_that_found_it() -> None:
    with resident(dtype="bfloat16"):
        loaded()
        async with desk_at(None, Studio()) as at:  # type: ignore[arg-type]
            await at.until(lambda: "the engine main has this model loaded with: dtype bfloat16" in at.toasts)


def test_another_way_of_loading_is_refused_and_not_passed_over() -> None:
    with resident(dtype="bfloat16"):
        loaded()
        with pytest.raises(
            EngineUnavailable, match=r"dtype bfloat16, not dtype float32: .*steertui stop main"
        ):
            ensure_engine("scripted", {"dtype": "float32"})


def test_who_wants_no_record_is_not_put_into_a_recorded_session() -> None:
    with resident():
        loaded()
        with pytest.raises(EngineUnavailable, match=r"records its session: .*steertui stop main"):
            ensure_engine("scripted", record=False)


def test_an_engine_in_this_process_is_one_like_any_other_and_ends_with_who_wanted_it(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with steertui.connect(str(tiny), inline=True) as engine:
        engine.ready(60)
        (found,) = find_engines()
        assert (found.id, found.pid) == (f"inline-{os.getpid()}", os.getpid())
        assert engine.say("hello", max_new_tokens=4, ignore_end=True).stop == "length"
        assert main.main(["say", "hello", "--model", str(tiny), "--max-new", "4", "--json"]) == 0
        guest = json.loads(capsys.readouterr().out)["session"]
        assert guest != engine.state.session
    assert find_engines() == []
    assert {folder.id for folder in all_folders(paths.sessions_folder())} == {guest, engine.state.session}


def test_an_engine_in_this_process_needs_to_know_its_model() -> None:
    with pytest.raises(UsageError, match="needs a model"):
        steertui.connect(inline=True)


def test_an_engine_that_is_started_may_be_told_when_to_go() -> None:
    start_engine(None, idle_exit=0.0)
    limit = time.monotonic() + 20
    while find_engines():
        assert time.monotonic() < limit, "it stayed"
        time.sleep(0.05)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("2h", 7200)])
def test_times_are_written_as_people_do(text: str, seconds: float) -> None:
    assert durations.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "-1s", "1.5h", "2d", "²s"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="written 90s, 30m or 2h"):
        durations.parse_duration(text)
