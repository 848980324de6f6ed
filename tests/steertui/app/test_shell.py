"""The app as a job of a shell: ctrl+c once and twice, ctrl+z and fg, a stop from outside, and no shell at all."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sessions.journal.folder import all_folders
from sessions.journal.reader import read
from sessions.state.fold import fold_all
from sessions.state.state import Turn
from steertui import paths
from steertui.engine.connect import connect
from steertui.engine.inline import InlineEngine
from steertui.engine.launch import find_engines
from tests.steertui import scripted_engine
from tests.steertui.app.terminal import Terminal, terminal
from tests.steertui.app.walk import CTRL_Q, walk
from tests.steertui.engine.test_server import forwarded
from tests.steertui.scripted_engine import Studio

CTRL_C, CTRL_Z, ENTER = b"\x03", b"\x1a", b"\r"
ALTERNATE, USUAL, RELEASES_MOUSE = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?1000l"
BASH = "import os; os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])"
INLINE = """
import sys
from steertui.cli.main import main
from steertui.engine import inline
from tests.sessions.scripted import Studio
inline.TorchBackend = lambda: Studio(pace=0.002)
sys.exit(main(["scripted", "--inline"]))
"""
PROMPT = "ready>"
SAID = "I will not give up"


@pytest.fixture
def studio() -> Studio:
    studio = Studio()
    studio.loaded.set()
    return studio


@contextmanager
def attached(path: Path, *words: str, shell: bool) -> Iterator[Terminal]:
    """`steertui attach --socket`, typed into a shell or started without one."""
    command = ("-m", "steertui", "attach", "--socket", str(path), *words)
    with terminal(*(("-c", BASH) if shell else command), environment={"PS1": PROMPT}) as at:
        if shell:
            at.until(lambda: PROMPT in at.text)
            at.press(" ".join([sys.executable, *command]).encode() + ENTER)
        at.until(lambda: "transcript" in at.text and "IDLE" in at.text)
        yield at


def speaks(at: Terminal, studio: Studio, engine: InlineEngine) -> None:
    at.press(b"hello there\r")
    at.until(lambda: "GEN" in at.text)
    studio.metronome.tick(6)
    at.until(lambda: SAID in at.text and len(answer(engine).tokens) == 6)


def test_ctrl_c_stops_the_answer_and_a_second_one_asks_how_to_leave(studio: Studio, tmp_path: Path) -> None:
    """Over a forwarded socket, as from a login node."""
    far = tmp_path / "far.sock"
    with (
        scripted_engine.engine(studio) as engine,
        forwarded(far, engine.path),
        attached(far, shell=False) as at,
    ):
        speaks(at, studio, engine)
        at.press(CTRL_C)
        studio.metronome.tick(1)
        at.until(lambda: answer(engine).stop == "cancel" and "IDLE" in at.text)
        assert len(answer(engine).tokens) <= 7, "the token under way, and none after it"
        at.press(CTRL_C)
        at.until(lambda: "leave the desk" in at.text and "the engine goes on" in at.text)
        at.press(ENTER)
        assert at.leave() == 0
        assert USUAL in at.raw


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to be a job of")
def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_brings_all_of_it_back(studio: Studio) -> None:
    with scripted_engine.engine(studio) as engine, attached(engine.path, shell=True) as at:
        speaks(at, studio, engine)
        at.press(CTRL_Z)
        at.until(lambda: "Stopped" in at.text)
        assert at.raw.count(ALTERNATE) == at.raw.count(USUAL) == at.raw.count(RELEASES_MOUSE) == 1
        at.screen.reset()
        at.press(b"echo it is $((6 * 7))\r")
        at.until(lambda: "it is 42" in at.text)
        studio.metronome.tick(6)
        at.until(lambda: len(answer(engine).tokens) == 12)
        at.screen.reset()
        at.press(b"fg\r")
        at.until(lambda: f"{SAID} on the parser. After that, trace the" in at.text)
        at.until(lambda: "transcript" in at.text and "hello there" in at.text and "GEN" in at.text)


@pytest.mark.slow
@pytest.mark.parametrize(("words", "stop"), [(("--on-detach", "stop"), "cancel"), ((), None)])
def test_an_answer_outlives_its_screen_unless_that_is_not_wanted(
    words: tuple[str, ...], stop: str | None, studio: Studio
) -> None:
    with scripted_engine.engine(studio) as engine, attached(engine.path, *words, shell=False) as at:
        speaks(at, studio, engine)
        os.kill(at.pid, signal.SIGKILL)
        at.leave()
        with connect(socket=engine.path, role="observer") as watcher:
            watcher._until(lambda state: state.path() and "writer" not in state.clients.values(), 20)
            studio.metronome.tick(2)
            watcher._until(
                lambda state: state.path()[-1].stop if stop else len(state.path()[-1].tokens) == 8, 20
            )
            assert watcher.state.path()[-1].stop == stop


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to be a job of")
def test_a_stop_from_outside_is_one_like_it(studio: Studio) -> None:
    with scripted_engine.engine(studio) as engine, attached(engine.path, shell=True) as at:
        speaks(at, studio, engine)
        os.kill(app_of(at), signal.SIGTSTP)
        at.until(lambda: "Stopped" in at.text)
        at.screen.reset()
        at.press(b"fg\r")
        at.until(lambda: "transcript" in at.text and "strips" in at.text and SAID in at.text)


def test_without_a_shell_ctrl_z_stops_nothing_and_says_why(studio: Studio) -> None:
    with scripted_engine.engine(studio) as engine, attached(engine.path, shell=False) as at:
        speaks(at, studio, engine)
        at.press(CTRL_Z)
        at.until(lambda: "no shell here could resume the app" in at.text)
        studio.metronome.tick(6)
        at.until(lambda: "After that, trace" in at.text)


def test_an_engine_of_the_same_process_ends_with_the_screen_and_says_so() -> None:
    with terminal("-c", INLINE) as at:
        at.until(lambda: "transcript" in at.text and "IDLE" in at.text)
        at.press(b"hello there\r")
        at.until(lambda: "stopped at the token limit" in at.text and " TYPE " in at.rows[0])
        at.press(CTRL_C)
        at.until(lambda: "leave the desk" in at.text and "the engine ends with the screen" in at.text)
        assert "attach" not in at.text
        at.press(ENTER)
        assert at.leave() == 0
        assert "The engine has stopped. Session" in at.text
    assert find_engines() == []
    state = fold_all(read(all_folders(paths.sessions_folder())[0].journal).records)
    assert (state.path()[-1].stop, len(state.path()[-1].tokens)) == ("length", 20)
    assert state.closed


@pytest.mark.slow
def test_the_demo_model_speaks_in_one_process_with_the_screen() -> None:
    with walk("--inline") as at:
        at.ready()
        at.paces(0)
        said = at.ended(at.says())
        at.reads(said)
        at.press(CTRL_Q)
        at.sees("the engine ends with the screen")
        at.press(ENTER)
        assert at.at.leave() == 0
    assert find_engines() == []


def answer(engine: InlineEngine) -> Turn:
    assert engine.server is not None
    return engine.server.host.session.state.path()[-1]


def app_of(at: Terminal) -> int:
    """The job in front of the shell."""
    return os.tcgetpgrp(at.fd)
