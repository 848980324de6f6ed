"""A line that cannot carry what is drawn is found out; one that is far away, stalls once or never answers is not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

import pytest
from textual import events

from steertui.config import Settings
from steertui.terminal import editor, job_control
from steertui.terminal.lag import EVERY_S, LOOKED_S, LOST_S, TerminalLag
from steertui.widgets import glyphs
from tests.steertui.app.stage import stage
from tests.steertui.app.terminal import Line
from tests.steertui.app.walk import ASKED, walk

SECONDS = 60


def always(now: float) -> bool:
    return True


def watched(
    trip: Callable[[float], float | None], speaking: Callable[[float], bool] = always
) -> float | None:
    """When a line is found slow on which a question of that moment takes so long; None if it never is."""
    lag, back = TerminalLag(), trip(0)
    lag.query_sent(0)
    for tick in range(int(SECONDS / 0.05)):
        now = tick * 0.05
        if back is not None and now >= back:
            lag.reply_received(back)
            back = None
        if lag.slow:
            return now
        if lag.should_query(now, speaking(now)):
            lag.query_sent(now)
            took = trip(now)
            back = None if took is None else now + took
    return None


def test_planted_a_line_that_carries_a_seventh_of_what_is_written() -> None:
    """What waits grows by six seconds a second, until the app itself is held up by what it cannot write."""
    found = watched(lambda now: 0.08 + min(6 * now, 9.0))
    assert found is not None
    assert found < 25


def test_planted_a_line_that_is_always_a_second_behind() -> None:
    found = watched(lambda now: 0.1 if now < 1 else 1.2)
    assert found is not None
    assert 3 < found < 10


def test_planted_short_answers_with_rests_between_them() -> None:
    """In each of them the line falls behind by as long as it lasts; in the rests it catches up."""
    found = watched(lambda now: 0.1 + 0.8 * (now % 10), lambda now: now % 10 < 4)
    assert found is not None
    assert found < 25
    assert watched(lambda now: 0.1, lambda now: now % 10 < 4) is None


@pytest.mark.parametrize("away", [0.001, 0.05, 0.3, 0.7])
def test_null_a_terminal_far_away_is_not_slow(away: float) -> None:
    rng = random.Random(0)
    assert watched(lambda now: away + rng.expovariate(1 / 0.05)) is None


def test_null_a_line_that_stalls_now_and_then() -> None:
    """Four seconds of nothing, as a wireless network has them, make one answer late and the next is quick."""
    assert watched(lambda now: 4.0 if int(now) % 10 == 5 else 0.05) is None


def test_null_a_machine_that_is_busy() -> None:
    rng = random.Random(1)
    assert watched(lambda now: 0.02 + rng.choice((0.0, 0.1, 0.4))) is None


def test_null_a_terminal_that_never_answers_is_asked_once() -> None:
    asked: list[float] = []

    def silent(now: float) -> None:
        asked.append(now)

    assert watched(silent) is None
    assert len(asked) == 1


def test_one_answer_that_got_lost_makes_no_line_slow_and_no_slow_line_quick() -> None:
    asked: list[float] = []

    def line(behind: float) -> Callable[[float], float | None]:
        def trip(now: float) -> float | None:
            asked.append(now)
            return None if len(asked) == 3 else 0.1 if now < 8 else behind

        return trip

    assert watched(line(0.1)) is None
    assert len(asked) > 10
    asked.clear()
    found = watched(line(1.2))
    assert found is not None
    assert found > LOST_S


def test_an_answer_to_nothing_and_one_after_the_editor_count_for_nothing() -> None:
    lag = TerminalLag()
    lag.reply_received(3.0)
    lag.query_sent(4.0)
    assert lag.reply_pending(5.0)
    assert not lag.reply_pending(7.0)
    lag.forget_query()
    lag.reply_received(90.0)
    assert not lag.slow
    assert not lag.reply_pending(4.1)
    assert [lag.should_query(4.0 + EVERY_S, speaks) for speaks in (False, True, True)] == [False, False, True]


@pytest.mark.anyio
@pytest.mark.parametrize("adapt", [True, False])
async def test_the_mode_comes_once_and_is_said(adapt: bool) -> None:
    pen = glyphs.current_glyphs()
    try:
        async with stage(settings=Settings(adapt=adapt)) as on:
            await on.ready()
            app = on.pilot.app
            for asked in range(0, 30, 5):
                app._lag.query_sent(float(asked))  # type: ignore[attr-defined]
                answer = events.CursorPosition(0, 0)
                answer.time = asked + (2.0 if asked else 0.1)
                app.post_message(answer)
                await on.pilot.pause()
            said = [toast for toast in on.toasts if "1.9 s behind" in toast]
            assert len(said) == adapt
            assert glyphs.current_glyphs() == replace(pen, slow=adapt)
            assert on.desk.prompt.cursor_blink is not adapt
    finally:
        glyphs.set_glyphs(pen)


@pytest.mark.anyio
async def test_shell_and_editor_get_the_terminal_once_it_has_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They would take the answer for keys."""
    given: list[str] = []
    monkeypatch.setattr(job_control, "has_job_control", lambda: True)
    monkeypatch.setattr(job_control, "suspend_job", lambda: given.append("shell"))
    monkeypatch.setattr(editor, "edit_text", lambda app, text: given.append("editor") or text)
    async with stage() as on:
        await on.ready()
        lag = on.desk.lag
        for key, taker in (("ctrl+e", "editor"), ("ctrl+z", "shell")):
            on.desk.transcript.focus()
            lag.query_sent(monotonic())
            await on.press(key)
            await asyncio.sleep(3 * LOOKED_S)
            assert taker not in given
            on.pilot.app.post_message(events.CursorPosition(0, 0))
            await on.until(lambda taker=taker: given[-1:] == [taker])


@pytest.mark.anyio
async def test_who_leaves_twice_meanwhile_is_told_what_the_first_time_was_to_say() -> None:
    async with stage() as on:
        await on.ready()
        app = on.pilot.app
        on.desk.lag.query_sent(monotonic())
        app.exit(message="the first")
        app.exit()
        await asyncio.sleep(3 * LOOKED_S)
        assert not app._exit
        app.post_message(events.CursorPosition(0, 0))
        await on.until(lambda: app._exit)
        assert app._exit_renderables == ["the first"]


class Modem(Line):
    rate = 12_000
    chunk = 1 << 10


@pytest.mark.slow
@pytest.mark.usefixtures("no_engine_stays")
@pytest.mark.parametrize(("kind", "slow"), [(Modem, True), (Line, False)])
def test_a_real_line_of_12_kB_a_second_is_found_out_and_one_of_1_MB_is_not(
    kind: type[Line], slow: bool
) -> None:
    """An answer is 200 kB in four seconds, four times as much as the first of them carries."""
    with walk("--fps", "30", kind=kind) as at:
        at.ready()
        at.paces(8)
        for _ in range(4):
            at.ended(at.says(ASKED))
        if slow:
            at.at.until(lambda: b"slow-line mode" in at.at.raw)
        assert (b"slow-line mode" in at.at.raw) is slow
