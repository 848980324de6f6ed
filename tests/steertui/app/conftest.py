"""Tests that start a real engine leave none behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from steertui.engine.launch import find_engines


@pytest.fixture
def no_engine_stays() -> Iterator[None]:
    yield
    for engine in find_engines():
        os.kill(engine.pid, signal.SIGKILL)
