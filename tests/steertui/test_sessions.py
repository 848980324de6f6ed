"""The sessions verb: what was recorded, found again, told in every form, and branched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sessions.journal import events as ev
from sessions.journal.folder import find_folder
from sessions.journal.journal import Journal
from sessions.journal.reader import read
from sessions.state.fold import fold_all
from steertui import paths
from steertui.cli.main import main


@pytest.fixture
def session() -> str:
    """One question about rain, one answer of two tokens, then an unfinished line."""
    journal, folder = Journal.create(paths.sessions_folder())
    journal.append(ev.SessionOpened(session=folder.id, app="0.1", wall="2026-11-20T11:45:58+00:00"))
    journal.append(ev.VectorChanged(name="loud", sha256="abc"))
    journal.append(ev.TurnAdded(turn=0, text="will it \x1b[31mrain?"))
    journal.append(ev.AnswerStarted(gen=0, turn=1, parent=0))
    journal.append(ev.TokensGenerated(gen=0, i=0, ids=(1, 2), text=("It ", "will."), lp=(-1.0, -2.0)))
    journal.append(ev.AnswerStopped(gen=0, reason="eos", tokens=2))
    journal.close("done")
    (folder.vectors / "abc.safetensors").write_bytes(b"vector")
    with folder.journal.open("ab") as file:
        file.write(b'{"n":99')
    return folder.id


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["sessions", *words]) == code
    return capsys.readouterr().out


def test_sessions_are_listed_and_searched(session: str, capsys: pytest.CaptureFixture[str]) -> None:
    (entry,) = json.loads(said(capsys, "list", "--json"))["sessions"]
    assert (entry["id"], entry["turns"], entry["tokens"]) == (session, 2, 2)
    assert entry["damage"] == "7 bytes of an unfinished record at the end"
    assert session in said(capsys, "list")
    assert session in said(capsys, "search", "will", "it")
    assert said(capsys, "search", "snow") == ""


def test_a_session_is_shown_replayed_and_exported_without_its_escape_sequences(
    session: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for words in (
        ("show", "last"),
        ("replay", session[-8:], "--speed", "0"),
        ("export", "last", "--to", "csv"),
    ):
        text = said(capsys, *words)
        assert "will." in text
        assert "\x1b" not in text
    told = json.loads(said(capsys, "show", "last", "--json"))
    assert told["conversations"][0]["messages"][1]["content"] == "It will."
    out = tmp_path / "page.html"
    said(capsys, "export", "last", "--to", "html", "--out", str(out))
    assert out.read_text().startswith("<!doctype html>")


def test_what_is_not_there_is_said_in_a_sentence(session: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", "show", "nope"]) == 4
    assert "there is no session 'nope'" in capsys.readouterr().err
    assert main(["sessions", "export", "last", "--to", "csv", "--out", "/nowhere/x"]) == 2
    assert main(["sessions", "replay", "last", "--speed", "fast"]) == 2
    assert main(["sessions", "verify", "last"]) == 4
    assert "no model was ever ready" in capsys.readouterr().err


def test_a_branch_is_a_new_session_that_stands_at_the_token(
    session: str, capsys: pytest.CaptureFixture[str]
) -> None:
    new = json.loads(said(capsys, "branch", session, "--at", "1:1", "--json"))
    assert new["parent"] == session
    folder = find_folder(paths.sessions_folder(), new["session"])
    state = fold_all(read(folder.journal).records)
    assert [turn.text for turn in state.path()] == ["will it \x1b[31mrain?", "It "]
    assert (folder.vectors / "abc.safetensors").read_bytes() == b"vector"
    assert main(["sessions", "branch", session, "--at", "5"]) == 2
    assert "there is no token 5" in capsys.readouterr().err
    assert main(["sessions", "branch", session, "--at", "x"]) == 2


def test_a_new_user_is_told_that_nothing_is_there_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", "list"]) == 0
    assert capsys.readouterr() == ("", "nothing was recorded yet\n")
    assert main(["sessions", "show", "last"]) == 4
    assert "nothing was recorded yet below" in capsys.readouterr().err


def test_a_search_without_a_hit_says_so(session: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", "search", "snow"]) == 0
    assert capsys.readouterr() == ("", "no session has all of these words\n")


def test_an_answer_is_spoken_again_by_a_model_that_is_loaded_as_it_was(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["say", "hello", "--model", str(tiny), "--max-new", "4"]
    assert main([*asked, "--dtype", "bfloat16"]) == 0
    capsys.readouterr()
    verdict = json.loads(said(capsys, "verify", "last", "--json"))
    assert (verdict["grade"], verdict["environment"]) == ("bit-exact", [])
    ready = [r.event for r in read(find_folder(paths.sessions_folder(), "last").journal).records]
    (facts,) = (
        event.facts for event in ready if isinstance(event, ev.ModelChanged) and event.state == "ready"
    )
    assert (facts["dtype"], facts["loading"]) == ("bfloat16", {"dtype": "bfloat16"})
