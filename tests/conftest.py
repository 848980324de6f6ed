"""What every test may count on: nothing leaves the test's own folders, and nothing goes over the network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop("ANTHROPIC_API_KEY", None)

FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Config, data, state, cache and sockets of one test; a socket's path has to stay short."""
    home = tmp_path_factory.mktemp("x")
    for name in FOLDERS:
        folder = home / name[4:7].lower()
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(name, str(folder))
    return home


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
