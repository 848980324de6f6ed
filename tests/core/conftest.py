"""A small model's folder: one that every test only reads, and a copy that a test may spoil."""

import shutil
from pathlib import Path

import pytest

from tests.core.folders import save


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    return save(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture
def copy(saved, tmp_path):
    return Path(shutil.copytree(saved, tmp_path / "copy"))
