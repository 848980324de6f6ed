"""A real model for the tests in this folder: SmolLM2-135M-Instruct, fetched once with our own command.

It stays in the data folder of the user who runs the tests, so a second run needs no network. Tests run as anywhere
else in folders of their own, into which the model is linked: `smollm2` is a model name in each of them.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import core
from core.python_child import python_command, python_environment
from steertui.cli import main
from tests.conftest import FOLDERS

NAME = "smollm2"
HERE = Path(__file__).parent
ENVIRONMENT = python_environment()
"""The variables before any test replaces the folders."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder is marked `real`; first, because `-m` chooses by the marks."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The folder of the model, fetched if it is not there; a test fails where it cannot be had."""
    done = subprocess.run(
        python_command("steertui", "models", "get", NAME, "--json"),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{NAME} cannot be had:\n{done.stderr}"
    return Path(json.loads(done.stdout)["path"])


@pytest.fixture(autouse=True)
def linked_model(own_folders: Path, smollm2: Path) -> None:
    """The model under its name in the data folder of this test."""
    link_model(Path(os.environ["XDG_DATA_HOME"]), smollm2)


def link_model(data: Path, smollm2: Path) -> None:
    (data / "steertui" / "models").mkdir(parents=True)
    (data / "steertui" / "models" / NAME).symlink_to(smollm2)


@pytest.fixture(scope="session")
def shared_folders(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Folders for what several tests share, in the place of the user's while such a fixture is made."""
    home = tmp_path_factory.mktemp("shared")
    for name in FOLDERS:
        (home / name).mkdir(mode=0o700)
    link_model(home / "XDG_DATA_HOME", smollm2)
    with pytest.MonkeyPatch.context() as patch:
        for name in FOLDERS:
            patch.setenv(name, str(home / name))
        yield


@pytest.fixture(scope="session")
def smollm2_model(smollm2: Path, shared_folders: None) -> core.Model:
    """The model in memory, in float32 on the CPU, shared by the tests of one process."""
    return core.load("smollm2", device="cpu")


@pytest.fixture(scope="session")
def persona_file(shared_folders: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vector of the contrast set `persona`, extracted by the command without a search for doses."""
    out = tmp_path_factory.mktemp("vectors") / "persona.safetensors"
    words = ["extract", "--contrast", "persona", "--no-dose", "--out", str(out), "--model", "smollm2"]
    assert main.main([*words, "--json", "--no-record"]) == 0
    return out
