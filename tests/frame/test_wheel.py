"""What `pip install` would hand to somebody: all four packages with their data, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "vectors", "sessions", "steertui")
SOURCES = {".py", ".tcss"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        "-w",
        str(folder),
        ".",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_every_module_and_style_sheet_is_inside(wheel: zipfile.ZipFile) -> None:
    here = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in SOURCES and "__pycache__" not in path.parts
    }
    assert here <= set(wheel.namelist())


def test_the_demo_models_weights_are_inside(wheel: zipfile.ZipFile) -> None:
    weights = {
        n for n in wheel.namelist() if n.startswith("core/demo/weights/") and n.endswith(".safetensors")
    }
    assert weights >= {
        f"core/demo/weights/{name}/model.safetensors" for name in ("demo-base", "demo-instruct")
    }


def test_nothing_else_is_inside(wheel: zipfile.ZipFile) -> None:
    top = {name.partition("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == set(PACKAGES)


def test_the_command_is_named(wheel: zipfile.ZipFile) -> None:
    (entry,) = [n for n in wheel.namelist() if n.endswith("entry_points.txt")]
    assert "steertui = steertui.cli.main:main" in wheel.read(entry).decode()
