"""The app in a real pseudo-terminal: what it paints, what it loads, and how it leaves when it is told to go."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from steertui.engine.launch import probe_engine
from tests.steertui import scripted_engine
from tests.steertui.app.terminal import Terminal, terminal
from tests.steertui.scripted_engine import Studio

APP = "import sys; from steertui.app import run; sys.exit(run(socket=sys.argv[1]))"
LEAVES_ALTERNATE_SCREEN, RELEASES_MOUSE = b"\x1b[?1049l", b"\x1b[?1000l"


@contextmanager
def opened(path: Path) -> Iterator[Terminal]:
    """The app on the engine behind a socket."""
    with terminal("-c", APP, str(path)) as child:
        yield child


@pytest.fixture
def studio() -> Studio:
    studio = Studio()
    studio.loaded.set()
    return studio


def test_it_speaks_in_a_terminal_without_torch_and_comes_back_after_a_hang_up(studio: Studio) -> None:
    with scripted_engine.engine(studio) as engine:
        with opened(engine.path) as first:
            first.until(lambda: "transcript" in first.text and "IDLE" in first.text)
            first.press(b"hello there\r")
            first.until(lambda: "GEN" in first.text)
            studio.metronome.tick(6)
            first.until(lambda: "I will not give up" in first.text)
            assert "libtorch" not in Path(f"/proc/{first.pid}/maps").read_text()
            os.kill(first.pid, signal.SIGHUP)
            assert first.leave() == 129
            assert LEAVES_ALTERNATE_SCREEN in first.raw
            assert RELEASES_MOUSE in first.raw
        found = probe_engine(engine.path)
        assert found is not None
        assert found.state == "generating"
        with opened(engine.path) as second:
            second.until(lambda: "hello there" in second.text and "I will not give up" in second.text)
            os.kill(second.pid, signal.SIGTERM)
            assert second.leave() == 143
            assert LEAVES_ALTERNATE_SCREEN in second.raw


def test_a_terminal_that_is_closed_takes_the_app_along(studio: Studio) -> None:
    with scripted_engine.engine(studio) as engine, opened(engine.path) as child:
        child.until(lambda: "transcript" in child.text and "IDLE" in child.text)
        os.close(child.fd)
        child.fd = os.open(os.devnull, os.O_RDONLY)
        assert os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1]) == 129
