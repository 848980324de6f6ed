"""Rows of the fault table that a screen shows: an engine that crashes, a terminal of any size, a second screen."""

from __future__ import annotations

import os
import signal

import pytest

from steertui import commands
from steertui.engine.launch import find_engines, start_engine
from tests.steertui import scripted_engine
from tests.steertui.app.stage import desk_at, stage
from tests.steertui.scripted_engine import Studio

pytestmark = pytest.mark.anyio

PREFIXES = ("ctrl+b", "ctrl+a")
"""What tmux and screen take for themselves."""


@pytest.mark.parametrize("number", [signal.SIGSEGV, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
async def test_an_engine_that_crashes_is_told_with_its_signal_and_last_event(number: signal.Signals) -> None:
    async with desk_at(start_engine(None), Studio(), size=(120, 36)) as at:
        await at.until(lambda: at.desk.link.connected)
        (found,) = find_engines()
        os.kill(found.pid, number)
        await at.sees(
            "ctrl+r starts it again",
            f"(signal {number.value} after event {at.desk.link.state.seq})",
        )
        assert "Traceback" not in "\n".join(at.drawn())


async def test_at_no_size_anything_breaks_and_the_answer_goes_on() -> None:
    async with stage(size=(140, 40)) as at:
        await at.ask()
        for size in ((1, 1), (3, 2), (59, 16), (60, 15), (60, 16), (80, 24), (250, 90), (140, 40)):
            await at.pilot.resize_terminal(*size)
            await at.play(1)
        assert "terminal too small" not in "\n".join(at.drawn())
        await at.sees("I will not give up on the parser.")


def test_no_key_is_one_that_tmux_or_screen_takes() -> None:
    keys = {key for command in commands.COMMANDS for key in command.keys.split(",")}
    assert keys
    assert not keys & {*PREFIXES}


async def test_a_second_screen_watches_and_can_take_over() -> None:
    studio = Studio()
    studio.loaded.set()
    with scripted_engine.engine(studio) as engine:
        async with desk_at(engine.path, studio) as first:
            await first.ready()
            async with desk_at(engine.path, studio) as second:
                await second.sees("WATCHING")
                assert not first.desk.link.observer
