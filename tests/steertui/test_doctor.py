from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core import python_child
from steertui import paths
from steertui.cli import diagnosis, main


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert main.main(["doctor", "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_versions_devices_and_folders_are_told_without_torch_in_this_process(tmp_path: Path) -> None:
    program = (
        "import sys, json, steertui.cli.diagnosis as d\n"
        "print(json.dumps([d.collect_diagnosis(), 'torch' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found, torch_here = json.loads(done.stdout)
    assert not torch_here
    assert found["devices"]["torch"].startswith(found["versions"]["torch"].partition("+")[0])
    assert found["folders"]["sessions"] == str(paths.sessions_folder())


def test_keys_are_there_or_not_but_never_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(diagnosis.SECTIONS, "devices", dict)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-canary")
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    main.main(["doctor"])
    out = capsys.readouterr().out
    assert "canary" not in out
    assert [line.split()[1] for line in out.splitlines() if "anthropic_key" in line] == ["yes"]
    assert [line.split()[1] for line in out.splitlines() if "hub_token" in line] == ["yes"]


def test_a_folder_that_cannot_be_made_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/dev/null/nowhere")
    monkeypatch.setitem(diagnosis.SECTIONS, "devices", dict)
    problems = report(capsys)["problems"]
    assert isinstance(problems, list)
    assert any("cannot make the folder /dev/null/nowhere" in p for p in problems)


def test_a_torch_that_does_not_start_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "core" / "loading").mkdir(parents=True)
    (tmp_path / "core" / "__init__.py").touch()
    (tmp_path / "core" / "loading" / "__init__.py").touch()
    (tmp_path / "core" / "loading" / "devices.py").write_text("raise RuntimeError('driver too old')")
    monkeypatch.setattr(python_child, "ROOT", tmp_path)
    problems = report(capsys)["problems"]
    assert isinstance(problems, list)
    assert "torch does not start: RuntimeError: driver too old" in problems
