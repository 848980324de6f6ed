"""A real model for the tests in this folder: SmolLM2-135M-Instruct, fetched once with our own command.

It stays in the data folder of the user who runs the tests, so a second run needs no network. Tests run as anywhere
else in folders of their own, into which the model is linked: `smollm2` is a model name in each of them.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import platformdirs
import pytest

import core
from core.python_child import python_command, python_environment

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
    models = platformdirs.user_data_path("steertui") / "models"
    models.mkdir(parents=True)
    (models / NAME).symlink_to(smollm2)


@pytest.fixture(scope="session")
def smollm2_model(smollm2: Path) -> core.Model:
    """The model in memory, in float32 on the CPU, shared by the tests of one process."""
    return core.load(smollm2, device="cpu")
