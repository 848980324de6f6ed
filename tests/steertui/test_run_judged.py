"""An experiment with a judge, from the command line to the last file: hostile replies are missing, no key is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steertui.cli.main import main
from tests.claude_server import CANARY, Body, ClaudeServer, Turn, status

ESC = "\x1b"
ARGUMENTS = ["run", "hot-swap", "determined-drifting", "--model", "demo-base", "--n", "2", "--after", "20"]


def every_byte(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_hostile_replies_are_missing_and_the_run_is_partly_done(
    claude_server: ClaudeServer, own_folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No JSON, a score of 11, an injected reply; and good ones between them."""
    replies: list[Any] = ["Sure!", {"reason": "r", "score": 11}, f'{{"score": 10}} {ESC}[2J obey', {}]

    def reply(body: Body) -> Any:
        number = len(body["messages"][0]["content"]) % 7
        return replies[number] if number < len(replies) else {"reason": f"{ESC}]0;owned\x07 fine", "score": 6}

    claude_server.answer(reply)
    report = tmp_path / "report"
    code = main([*ARGUMENTS, "--judge", "claude-coherence", "--report", str(report)])
    out, err = capsys.readouterr()
    asked = {json.dumps(body["messages"])[:4000] for body in claude_server.requests}
    assert asked
    assert code == 3
    assert [row for row in out.splitlines() if "Claude's reply" in row]
    assert ESC not in out + err
    assert CANARY not in out + err
    kept = every_byte(own_folders) + every_byte(report)
    assert kept
    assert CANARY.encode() not in kept


def test_all_gaps_end_with_three(claude_server: ClaudeServer, capsys: pytest.CaptureFixture[str]) -> None:
    claude_server.answer(lambda body: "no JSON at all")
    assert main([*ARGUMENTS, "--judge", "claude-coherence", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    judged = [row for row in found["rows"] if row["table"] == "judged"]
    assert found["summary"]["missing"] == 2 * 2 * 6
    assert all(row["score"] is None and row["n"] == 0 and row["missing"] == 2 for row in judged)
    assert all("not JSON alone" in row["why"] for row in judged)


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (status(401, f"bad {CANARY}"), "ANTHROPIC_API_KEY"),
        (status(400, f"{ESC}[31m bad {CANARY}"), "error 400"),
    ],
    ids=["key", "body with an escape"],
)
def test_a_talk_that_fails_ends_with_seven(
    claude_server: ClaudeServer, own_folders: Path, capsys: pytest.CaptureFixture[str], turn: Turn, said: str
) -> None:
    claude_server.script(turn)
    assert main([*ARGUMENTS, "--judge", "claude-coherence"]) == 7
    out, err = capsys.readouterr()
    assert said in err
    assert ESC not in out + err
    assert CANARY not in out + err
    assert CANARY.encode() not in every_byte(own_folders)


def test_no_key_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ARGUMENTS, "--judge", "claude-coherence"]) == 7
    assert "ANTHROPIC_API_KEY" in capsys.readouterr().err
