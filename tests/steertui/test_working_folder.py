"""Whatever lies in the working folder, nothing of it is imported: real processes in a folder full of impostors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core import python_child
from core.python_child import python_command, python_environment
from steertui import find_foreign_package

MARK = "imported.txt"
IMPOSTORS = (
    "torch.py",
    "vectors.py",
    "core/__init__.py",
    "sessions/__init__.py",
    "numpy.py",
    "platformdirs.py",
    "sitecustomize.py",
    "usercustomize.py",
)
SPOKEN = ("say", "hello", "--model", "demo-instruct", "--own", "--max-new", "2")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Every impostor writes down that it was imported, and so does a line of a .pth file."""
    folder = tmp_path / "hostile"
    for name in IMPOSTORS:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"open({str(folder / MARK)!r}, 'a').write({name!r})\n", encoding="utf-8")
    (folder / "x.pth").write_text(f"import os; open({str(folder / MARK)!r}, 'a').write('x.pth')\n", "utf-8")
    return folder


def run_in(folder: Path, command: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    env = python_environment() | more
    return subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def imported(folder: Path) -> str:
    return (folder / MARK).read_text("utf-8") if (folder / MARK).exists() else ""


def test_the_impostors_would_tell(hostile: Path) -> None:
    """The same folder under a Python that was started without care."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([sys.executable, "-c", "import torch"], cwd=hostile, env=env, check=True)
    subprocess.run(
        [sys.executable, "-c", "0"], cwd=hostile, env=env | {"PYTHONPATH": ":/nowhere"}, check=True
    )
    assert "torch.py" in imported(hostile)
    assert "sitecustomize.py" in imported(hostile)


def test_an_answer_is_said(hostile: Path) -> None:
    done = run_in(hostile, python_command("steertui", *SPOKEN))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert imported(hostile) == ""


def test_the_module_form_leaves_the_folder_as_well(hostile: Path) -> None:
    """`python -m steertui` has the working folder first on its path before anything of ours runs."""
    env = {name: value for name, value in python_environment().items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "steertui", *SPOKEN],
        cwd=hostile,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert imported(hostile) == ""


def test_an_engine_starts(hostile: Path) -> None:
    """Through a client whose PYTHONPATH has an empty entry by the time it starts the engine."""
    program = (
        "import os, sys, steertui; os.environ['PYTHONPATH'] = ':/nowhere'\n"
        "with steertui.connect('demo-instruct') as engine: print(engine.state.running)"
    )
    try:
        done = run_in(hostile, [sys.executable, "-P", "-c", program])
        assert done.returncode == 0, done.stderr
    finally:
        stopped = run_in(hostile, python_command("steertui", "stop"))
    assert stopped.returncode == 0, stopped.stderr
    assert imported(hostile) == ""


@pytest.mark.parametrize("module", ["core.compiled.precompile", "vectors.extraction.distributed.worker"])
def test_a_child_imports_our_packages_only(hostile: Path, module: str) -> None:
    """Both import torch and our packages first and then fail, for want of a task, in our own code."""
    done = run_in(hostile, python_command(module))
    assert imported(hostile) == ""
    assert "JSONDecodeError" in done.stderr or "SPEC.json" in done.stdout


def test_the_devices_are_listed(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from steertui.cli import diagnosis

    monkeypatch.chdir(hostile)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", ".", str(hostile)]))
    assert "problem" not in diagnosis.list_devices()
    assert imported(hostile) == ""


@pytest.mark.slow
def test_a_set_is_read_in_two_processes(hostile: Path) -> None:
    out = hostile / "made.safetensors"
    words = ("extract", "--contrast", "pirate", "--model", "demo-base", "--layers", "4-5", "--ranks", "2")
    done = run_in(hostile, python_command("steertui", *words, "--own", "--out", str(out)))
    assert done.returncode == 0, done.stderr
    assert out.is_file()
    assert imported(hostile) == ""


def test_a_child_s_path_has_no_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", ".", "lib", str(tmp_path), "/elsewhere", ""]))
    found = python_environment()
    assert found["PYTHONPATH"] == os.pathsep.join([str(python_child.ROOT), "/elsewhere"])
    assert found["PYTHONSAFEPATH"] == "1"
    monkeypatch.setattr(python_child, "ROOT", Path("/lib/site-packages"))
    assert python_environment()["PYTHONPATH"] == "/elsewhere", (
        "site-packages must not come before the library"
    )
    monkeypatch.setenv("PYTHONPATH", "")
    assert "PYTHONPATH" not in python_environment()


def test_a_stranger_s_package_is_named(hostile: Path) -> None:
    """A program of the user's whose own `core` comes first cannot have ours: that is said."""
    assert find_foreign_package() is None
    env = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, "-c", "import steertui"],
        cwd=hostile,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"a package 'core' that is not its own: {hostile / 'core'}" in done.stderr


def test_a_program_of_the_user_keeps_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import sys, steertui; print(sys.path[0])", encoding="utf-8")
    env = {name: value for name, value in python_environment().items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "mine"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(tmp_path)
