"""A home on which nothing can be written: everything starts, nothing is recorded, and a sentence names the variable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sessions.journal.journal import Journal
from steertui import config, paths
from steertui.cli import main
from steertui.engine.connect import EngineConnection
from steertui.engine.launch import probe_engine
from tests.disks import read_only
from tests.progress_lines import without_progress

REPO_ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "config": "XDG_CONFIG_HOME",
    "sessions": "XDG_DATA_HOME",
    "state": "XDG_STATE_HOME",
    "cache": "XDG_CACHE_HOME",
}


def at_home(home: Path) -> dict[str, str]:
    """The environment of somebody whose home this is, and who has no folder for sockets either."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    temporary = home.parent / "t"
    temporary.mkdir(exist_ok=True)
    return env | {"HOME": str(home), "TMPDIR": str(temporary)}


@contextmanager
def begun(home: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [*read_only(home), sys.executable, "-m", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=REPO_ROOT, env=at_home(home), **pipes) as child:  # type: ignore[call-overload]
        try:
            yield child
        finally:
            child.kill()


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A socket's path has to stay short."""
    home = tmp_path_factory.mktemp("r") / "h"
    home.mkdir()
    return home


def test_an_answer_is_given_and_its_record_is_what_it_costs(home: Path, tiny: Path) -> None:
    with begun(home, "steertui", "say", "hello", "--raw", "--max-new", "3", "--model", str(tiny)) as child:
        out, err = child.communicate()
    assert child.returncode == 0
    assert out.strip()
    assert err.startswith(f"not recorded: cannot write {home}")
    assert without_progress(err).endswith("set XDG_DATA_HOME to another folder")
    assert list(home.iterdir()) == []


def test_an_engine_starts_says_so_and_speaks(home: Path) -> None:
    path = home.parent / "t" / f"steertui-{os.getuid()}" / "test.sock"
    with begun(home, "tests.steertui.engine.scripted_engine", "test", "0") as child:
        limit = time.monotonic() + 30
        while not (path.exists() and probe_engine(path)):
            assert child.poll() is None, child.communicate()
            assert time.monotonic() < limit
            time.sleep(0.02)
        with EngineConnection(path) as engine:
            engine.ready()
            assert engine.folder is None
            assert engine.state.unrecorded.startswith(f"not recorded: cannot write {home}")
            assert engine.say("hello", max_new_tokens=3).text == "the quick brown "
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("words", [("list",), ("search", "hello")])
def test_there_is_nothing_to_list_and_that_is_no_fault(home: Path, words: tuple[str, ...]) -> None:
    with begun(home, "steertui", "sessions", *words, "--json") as child:
        out, err = child.communicate()
    assert (child.returncode, json.loads(out), err) == (0, {"sessions": []}, "")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("action", ["show", "verify"])
def test_there_is_no_session_and_that_is_what_is_said(
    action: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in FOLDERS.values():
        monkeypatch.setenv(variable, "/dev/null/nowhere")
    assert main.main(["sessions", action, "last"]) == 4
    assert "nothing was recorded yet" in capsys.readouterr().err


def test_what_was_recorded_is_listed_though_no_index_can_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, folder = Journal.create(paths.sessions_folder())
    journal.close("done")
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
    assert main.main(["sessions", "list", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["sessions"]
    assert entry["id"] == folder.id


@pytest.mark.parametrize("name", FOLDERS)
def test_each_folder_names_the_variable_that_moves_it(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDERS[name], "/dev/null/nowhere")
    assert main.main(["path", name]) == 2
    assert f"set {FOLDERS[name]} to a folder you may write to" in capsys.readouterr().err


def test_settings_that_cannot_be_had_are_the_usual_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/dev/null/nowhere")
    assert config.load() == config.Settings()


def test_a_log_that_has_no_folder_lies_beside_the_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.logs_folder() == paths.state_folder()
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/nowhere")
    assert paths.logs_folder() == paths.runtime_folder()
