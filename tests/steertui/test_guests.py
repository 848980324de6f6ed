"""`say` and `chat` in the engine that holds their model: the same words as alone, beside a session left alone."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import steertui
from sessions.journal.folder import all_folders
from sessions.journal.reader import read
from sessions.live.torch_backend import TorchBackend
from sessions.state.fold import fold_all
from steertui import paths
from steertui.cli import main
from steertui.engine.client import EngineClient
from steertui.engine.connect import EngineConnection
from steertui.engine.inline import InlineEngine
from steertui.engine.process import EngineProcess as Process
from steertui.engine.sockets import EngineSocket

Say = Callable[..., dict[str, Any]]


@pytest.fixture
def engine(tiny: Path) -> Iterator[EngineConnection]:
    """An engine with the tiny model, and a screen on it."""
    door = EngineSocket(paths.runtime_folder(), "test")
    process = Process(door, TorchBackend(), paths.sessions_folder(), str(tiny))
    with InlineEngine(process) as running, steertui.connect(socket=running.path) as screen:
        screen.ready(120)
        yield screen


def the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    for key in ("text", "token_ids", "logprobs", "stop", "model", "mixer"):
        assert one[key] == other[key], key
    places = [[(event["t"], event["at"]) for event in answer["events"]] for answer in (one, other)]
    assert places[0] == places[1]
    assert one.get("shadow") == other.get("shadow")


OPTIONS = (
    (),
    ("--temperature", "0.9", "--seed", "3", "--system", "Be odd."),
    ("--flip-at", "5", "--inject", "3:Look!"),
    ("--shadow", "forced"),
    ("--shadow", "free", "--split"),
    ("--cache", "rebuild", "--flip-at", "4", "--prefill", "Well"),
)


@pytest.mark.parametrize("options", OPTIONS)
def test_an_answer_of_the_engine_is_the_answer_of_an_own_process(
    engine: EngineConnection, say: Say, push: Path, options: tuple[str, ...]
) -> None:
    """To the bit, and although another conversation lies on the model's cache."""
    engine.say("hello", max_new_tokens=5)
    words = ("hello", "--vector", f"{push}:2", "--max-new", "10", *options)
    there = say(*words)
    here = say(*words, "--own")
    the_same(there, here)
    engine._until(lambda state: [(j.kind, j.state) for j in state.jobs.values()] == [("say", "done")], 20)


def test_the_open_session_is_not_disturbed(engine: EngineConnection, say: Say, push: Path) -> None:
    """Neither its turns, vectors and mixer, nor the cache of its conversation."""
    engine.say("hello", max_new_tokens=5)
    before = engine.state
    answer = say("what?", "--vector", f"{push}:2", "--max-new", "5")
    assert (engine.state.turns, engine.state.vectors, engine.state.mixer) == (
        before.turns,
        before.vectors,
        before.mixer,
    )
    second = engine.say("and then?", max_new_tokens=5)
    assert second.gen == 1
    assert answer["session"] != engine.state.session
    guest, opened = (fold_all(read(f.journal).records) for f in all_folders(paths.sessions_folder()))
    assert [turn.text for turn in guest.path()] == ["what?", answer["text"]]
    assert guest.session == answer["session"]
    (gen,) = (
        record.event
        for record in read(all_folders(paths.sessions_folder())[1].journal).records
        if record.event.t == "gen" and record.event.gen == 1  # type: ignore[attr-defined]
    )
    assert gen.reused > 0, "the conversation's cache is still there"  # type: ignore[attr-defined]
    assert opened.session == engine.state.session


def test_who_talks_at_the_screen_goes_first(engine: EngineConnection, say: Say) -> None:
    """A question asked in the middle of a command's long answer is answered before that one ends."""
    results: list[dict[str, Any]] = []
    command = threading.Thread(
        target=lambda: results.append(_quiet(lambda: say("go", "--max-new", "300", "--raw")))
    )
    command.start()
    engine._until(lambda state: any(job.state == "running" for job in state.jobs.values()), 60)
    assert engine.state.word == "job"
    engine.say("hello", max_new_tokens=3)
    assert [job.state for job in engine.state.jobs.values()] == ["running"]
    command.join()
    assert len(results[0]["token_ids"]) == 300
    engine._until(lambda state: state.word == "idle", 20)


def _quiet(work: Callable[[], Any]) -> Any:
    """Off the main thread no signal handler can be set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal, "signal", lambda number, handler: handler)
        return work()


def test_ctrl_c_ends_the_answer_in_the_engine(engine: EngineConnection, say: Say) -> None:
    def interrupt() -> None:
        engine._until(lambda state: any(job.state == "running" for job in state.jobs.values()), 60)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    answer = say("go", "--max-new", "480", "--raw", code=130)
    assert answer["stop"] == "cancel"
    assert 0 < len(answer["token_ids"]) < 480


def test_no_record_leaves_no_session_of_the_command(engine: EngineConnection, say: Say) -> None:
    before = len(all_folders(paths.sessions_folder()))
    answer = say("hello", "--max-new", "3", "--no-record")
    assert len(answer["token_ids"]) == 3
    assert len(all_folders(paths.sessions_folder())) == before


def test_many_prompts_are_one_session(
    engine: EngineConnection, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text('"hello"\n"hello"\n{"prompt": ""}\n')
    command = ["say", "--prompts", str(prompts), "--model", str(tiny), "--max-new", "3", "--raw"]
    assert main.main(command) == 3
    first, second, third = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["token_ids"] == second["token_ids"]
    assert first["session"] == second["session"] != engine.state.session
    assert third["error"] == "the prompt is empty"


def test_the_lines_of_a_guest_are_those_of_its_journal_to_the_last(
    engine: EngineConnection, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text('"hello"\n"and you?"\n')
    command = ["say", "--prompts", str(prompts), "--model", str(tiny), "--max-new", "3", "--raw", "--jsonl"]
    assert main.main(command) == 0
    said = capsys.readouterr().out
    kept = [f for f in all_folders(paths.sessions_folder()) if f.id != engine.state.session]
    assert said == "".join(folder.journal.read_text() for folder in reversed(kept))
    assert [json.loads(line)["reason"] for line in said.splitlines() if '"t":"close"' in line] == ["done"]


def test_a_chat_is_a_guest_too(
    engine: EngineConnection,
    tiny: Path,
    push: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def chat(*options: str) -> list[list[int]]:
        monkeypatch.setattr(
            sys, "stdin", io.StringIO(f"hello\n/add {push}:2\nand then?\n/undo\n/flip\nand?\n")
        )
        assert main.main(["chat", str(tiny), "--max-new", "5", "--json", *options]) == 0
        return [answer["token_ids"] for answer in json.loads(capsys.readouterr().out)["answers"]]

    assert chat() == chat("--own")


def test_a_vector_that_is_not_there_and_a_band_that_is_none_are_refused_before_any_model_is_loaded(
    tiny: Path, push: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TorchBackend, "load", lambda *args: pytest.fail("a model was loaded"))
    for words, code in ((f"{push}x:1", 4), (f"{push}:1@foo", 2), (f"{push}@foo", 4), ("nobody", 4)):
        assert main.main(["say", "x", "--model", str(tiny), "--vector", words]) == code, words
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_message_that_no_frame_holds_is_refused_in_a_sentence(
    engine: EngineConnection, tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"word " * 400_000)))
    assert main.main(["say", "-", "--model", str(tiny)]) == 2
    assert "--own" in capsys.readouterr().err


def test_the_mixer_of_the_desk_is_played_by_its_name(
    engine: EngineConnection, say: Say, push: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same as the line that stands there, typed; the desk stays as it is. Events may come slowly."""
    dispatch = EngineClient._dispatch

    def slowly(client: EngineClient, data: bytes) -> None:
        time.sleep(0.02)
        dispatch(client, data)

    name = engine.ask("vector.load", source=str(push))["name"]
    sha256 = engine.state.vectors[name].sha256
    engine.mix(
        {"channels": [{"name": name, "sha256": sha256, "scale": 2.0, "unit": "unit", "layers": [2, 3]}]}
    )
    line = f"2.0 unit {push}@2-3"
    assert engine.state.mixer.expression == line
    with monkeypatch.context() as patched:
        patched.setattr(EngineClient, "_dispatch", slowly)
        found = say("hello", "--mix", "desk", "--max-new", "5")
    assert found["expression"] == line
    the_same(found, say("hello", "--mix", line, "--max-new", "5"))
    assert found["token_ids"] != say("hello", "--max-new", "5")["token_ids"]
    assert engine.state.mixer.expression == line
