"""No key from the environment, a command line, an error body or a traceback is in anything that is written or printed.

What somebody says to the model is theirs: it is recorded as it is, and they are warned.
"""

from __future__ import annotations

import argparse
import io
import logging
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import pytest

from core.errors import NetworkError
from core.secrets import scrub
from sessions.export import FORMS
from sessions.journal import events as ev
from sessions.journal.folder import all_folders
from sessions.journal.journal import Journal
from steertui import paths, promptlog
from steertui.cli import diagnosis, main
from steertui.cli.verbs import VERBS, Verb
from steertui.cli.verbs.engine import ScrubbingFormatter
from steertui.promptlog import KEY_SAID
from tests import canary
from tests.claude_server import CANARY, ClaudeServer, status
from tests.steertui.app.stage import stage

ON_THE_LINE = "sk-ant-onTheCommandLine0123"
IN_THE_TALK = "hf_saidToTheModel0123456789"
IN_AN_ADDRESS = "userOfAnAddress:passwordOfIt"
HIDDEN = (*canary.KEYS.values(), CANARY, IN_AN_ADDRESS)


def written(*folders: Path) -> dict[Path, str]:
    files = (file for folder in folders for file in folder.rglob("*") if file.is_file())
    return {file: file.read_bytes().decode("latin-1") for file in files}


def holders(key: str, *folders: Path) -> set[str]:
    """Names of the files that hold it."""
    return {file.name for file, text in written(*folders).items() if key in text}


@pytest.fixture
def said(
    tiny: Path,
    claude_server: ClaudeServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """All that the verbs printed: answers, every export, a model that is not there, a set refused by Claude, a report
    on the machine."""
    monkeypatch.setattr(sys, "argv", ["steertui", "say", f"--model={ON_THE_LINE}"])
    model = ["--model", str(tiny)]
    assert main.main(["say", "hello", *model, "--raw", "--max-new", "3", "--jsonl"]) == 0
    for form in FORMS:
        assert main.main(["sessions", "export", "last", "--to", form, "--out", str(tmp_path / form)]) == 0
    assert main.main(["sessions", "list"]) == 0
    assert main.main(["say", "hello", "--model", f"nobody/{ON_THE_LINE}"]) == 7
    for body in (f"your key {CANARY} is no good", f"nor {canary.KEYS['HF_TOKEN']}"):
        claude_server.script(status(400, body))
        assert main.main(["contrast", "make", "honesty", "--out", str(tmp_path / "set.jsonl"), "--yes"]) == 7
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"https://{IN_AN_ADDRESS}@example.org")
    monkeypatch.setitem(diagnosis.SECTIONS, "devices", dict)
    assert main.main(["doctor"]) == 0
    out, err = capsys.readouterr()
    return out + err


def test_no_key_is_in_anything_that_was_written_or_printed(
    said: str, own_folders: Path, tmp_path: Path
) -> None:
    assert len(all_folders(paths.sessions_folder())) == 3
    for key in HIDDEN:
        assert key not in said
        assert holders(key, own_folders, tmp_path) == set()
    assert said.count("[secret]") > 3
    assert holders("[secret]", own_folders) >= {"journal.jsonl"}


def test_a_traceback_is_filed_and_told_without_its_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_folders: Path
) -> None:
    def run(args: argparse.Namespace) -> int:
        raise ZeroDivisionError(f"divided by {canary.KEYS['STEERTUI_TEST_SECRET']}")

    module = ModuleType("steertui.cli.verbs.end")
    module.__dict__.update(run=run, add_arguments=lambda parser: None)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(VERBS, "end", Verb(module.__name__, None))
    assert main.main(["end"]) == 1
    assert "divided by [secret]" in capsys.readouterr().err
    assert "divided by [secret]" in paths.log_file().read_text()
    assert holders(canary.KEYS["STEERTUI_TEST_SECRET"], own_folders) == set()


def test_the_log_of_an_engine_blanks_what_a_traceback_repeats() -> None:
    try:
        raise NetworkError(f"401 for {ON_THE_LINE}")
    except NetworkError:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "it broke", None, sys.exc_info())
    text = ScrubbingFormatter("%(message)s").format(record)
    assert "401 for [secret]" in text
    assert ON_THE_LINE not in text


def test_what_is_told_in_a_session_is_blanked_and_what_is_said_is_kept(tmp_path: Path) -> None:
    journal, folder = Journal.create(tmp_path)
    journal.append(ev.TurnAdded(turn=0, text=IN_THE_TALK))
    journal.append(ev.ErrorReported(where="load_model", message=f"refused {ON_THE_LINE}"))
    report = {"kind": "sample", "text": ["key", {"deep": ON_THE_LINE}]}
    journal.append(
        ev.JobChanged(job=1, kind="run", state="running", event=report, params={"key": ON_THE_LINE})
    )
    journal.append(
        ev.ModelChanged(state="failed", name=f"nobody/{ON_THE_LINE}", note=f"Bearer {ON_THE_LINE}")
    )
    journal.append(ev.AnswerStopped(gen=0, reason="error", tokens=0, message=canary.KEYS["OPENAI_API_KEY"]))
    journal.close("done")
    kept = folder.journal.read_text()
    assert ON_THE_LINE not in kept
    assert canary.KEYS["OPENAI_API_KEY"] not in kept
    assert kept.count("[secret]") == 6
    assert kept.count(IN_THE_TALK) == 1


@pytest.mark.anyio
async def test_a_key_said_at_the_desk_is_warned_of_and_not_kept_in_the_history() -> None:
    async with stage() as at:
        await at.ask(f"my key is {IN_THE_TALK}")
        await at.until(lambda: KEY_SAID in at.toasts)
        assert at.desk.link.state.path()[0].text == f"my key is {IN_THE_TALK}"
    assert promptlog.read() == []


def test_a_key_piped_into_say_is_warned_of(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(IN_THE_TALK.encode())))
    assert main.main(["say", "-", "--model", str(tiny), "--raw", "--max-new", "3"]) == 0
    assert KEY_SAID in capsys.readouterr().err


@pytest.mark.parametrize("key", [*HIDDEN, ON_THE_LINE, "sk-abcdefghijklmnopqrstuvwx", "Bearer abc.def"])
def test_each_kind_of_key_is_known(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", CANARY)
    shown = scrub(
        f"go to https://{key}@example.org or say {key}" if key == IN_AN_ADDRESS else f"it is {key}."
    )
    assert key not in shown.partition(" or say ")[0]


def test_the_look_over_all_that_the_suite_writes_finds_a_key(tmp_path: Path) -> None:
    """Under another root than the suite's own look, which this would fail."""
    (tmp_path / "clean").write_text("nothing")
    assert canary.leaks(tmp_path) == []
    with tempfile.TemporaryDirectory() as elsewhere:
        (Path(elsewhere) / "deep").mkdir()
        (Path(elsewhere) / "deep" / "log").write_bytes(b"\0" + canary.KEYS["HF_TOKEN"].encode())
        assert canary.leaks(Path(elsewhere)) == [f"{elsewhere}/deep/log"]
