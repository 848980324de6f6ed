"""What every test may count on: nothing leaves the test's own folders, and nothing goes over the network."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import canary
from tests.claude_server import CANARY, ClaudeServer

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop("ANTHROPIC_API_KEY", None)
# Screens are drawn for one kind of terminal, whichever the tests were started from. Its size is the terminal's own:
# readline, which pytest imports, puts one into the environment, and workers inherit it.
os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
for name in ("NO_COLOR", "TMUX", "TEXTUAL_COLOR_SYSTEM", "COLUMNS", "LINES"):
    os.environ.pop(name, None)
# A shell lets what it starts in the background ignore ctrl+c; how ctrl+c is answered is among what is tested.
signal.signal(signal.SIGINT, signal.default_int_handler)

canary.set_free()

# An example that takes long says that the machine is busy, not that the program is wrong.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

HERE = ("127.0.0.1", "::1", "localhost")
FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing that any test wrote may hold a key that was in its environment: looked for once, when all are done."""
    if hasattr(session.config, "workerinput"):
        return
    written = getattr(session.config, "_tmp_path_factory", None)
    if written is not None and (found := canary.leaks(written.getbasetemp())):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print("\nkeys were written to", *found, sep="\n  ")


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Config, data, state, cache and sockets of one test; a socket's path has to stay short."""
    home = tmp_path_factory.mktemp("x")
    for name in FOLDERS:
        folder = home / name[4:7].lower()
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(name, str(folder))
    return home


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unix sockets and this machine itself are all a test may talk to."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in HERE:
            raise AssertionError(f"a test wanted to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def claude_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClaudeServer]:
    """A Messages API of this test's own, and a key for it in the environment."""
    with ClaudeServer() as running:
        monkeypatch.setenv("ANTHROPIC_API_KEY", CANARY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        yield running
