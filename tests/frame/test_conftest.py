"""The promises that `tests/conftest.py` makes to every other test."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import platformdirs
import pytest


def test_a_test_cannot_reach_the_network() -> None:
    with (
        socket.socket(socket.AF_INET) as line,
        pytest.raises(AssertionError, match="wanted to reach 192.0.2.1"),
    ):
        line.connect(("192.0.2.1", 80))


def test_a_test_may_reach_this_machine(own_folders: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door, socket.socket(socket.AF_UNIX) as line:
        door.bind(str(own_folders / "door"))
        door.listen()
        line.connect(str(own_folders / "door"))


def test_a_test_writes_into_folders_of_its_own(own_folders: Path) -> None:
    assert platformdirs.user_data_path("steertui").is_relative_to(own_folders)
    assert os.environ["HF_HUB_OFFLINE"] == "1"
