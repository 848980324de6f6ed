"""The sessions: what was recorded is found, read as it was said, exported, and gone on with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import DataTable, Input

from steertui import paths
from steertui.screens.sessions.replay import ReplayScreen
from steertui.screens.sessions.screen import SessionsScreen
from steertui.screens.sessions.verification import verify_obstacle
from steertui.widgets.transcript.view import Transcript
from tests.steertui import scripted_engine
from tests.steertui.app.stage import Stage, desk_at
from tests.steertui.scripted_engine import TEXT, Studio

pytestmark = pytest.mark.anyio


async def talked(at: Stage, text: str) -> None:
    """One question, one whole answer."""
    at.desk.prompt.focus()
    await at.ask(text)
    at.studio.metronome.tick(len(at.studio.script))
    await at.ready()


async def opened(at: Stage) -> SessionsScreen:
    await at.press("f5")
    screen = at.pilot.app.screen
    assert isinstance(screen, SessionsScreen)
    await at.until(lambda: screen.query_one(DataTable).row_count)
    return screen


def titles(screen: SessionsScreen) -> list[str]:
    table = screen.query_one(DataTable)
    return [str(table.get_row_at(row)[4]) for row in range(table.row_count)]


async def two_sessions(at: Stage) -> SessionsScreen:
    await talked(at, "about the parrot")
    await at.press("ctrl+n")
    await at.until(lambda: not at.pieces)
    await talked(at, "about the circus")
    return await opened(at)


async def test_list_search_read_and_go_on() -> None:
    studio = Studio()
    studio.loaded.set()
    with scripted_engine.engine(studio, record=True) as engine:
        async with desk_at(engine.path, studio) as at:
            screen = await two_sessions(at)
            assert titles(screen) == ["about the circus", "about the parrot"]
            await at.press("slash", *"parrot", "enter")
            await at.until(lambda: titles(screen) == ["about the parrot"])
            await at.sees("asst I will not give up")
            await at.press("enter")
            await at.until(lambda: at.pilot.app.screen is at.desk)
            await at.sees("you  about the parrot")
            await talked(at, "go on")
            heard = [said["content"] for said in studio.instrument.heard[-1] if said["role"] == "user"]
            assert heard == ["about the parrot", "go on"]


async def test_export_writes_beside_the_journal_and_says_where() -> None:
    studio = Studio()
    studio.loaded.set()
    with scripted_engine.engine(studio, record=True) as engine:
        async with desk_at(engine.path, studio) as at:
            await two_sessions(at)
            await at.press("e", "enter")
            await at.until(lambda: any("path copied" in toast for toast in at.toasts))
            written = [path for path in paths.sessions_folder().rglob("export/*") if path.is_file()]
            assert len(written) == 1
            assert at.pilot.app.clipboard == str(written[0])
            lines = next(toast for toast in at.toasts if "path copied" in toast).splitlines()
            assert max(map(len, lines)) < 40, "no path is torn apart on any screen"
            assert written[0].stem[-6:] in lines[1]
            assert "about the circus" in Path(written[0]).read_text()


async def test_rows_line_up_and_a_model_takes_the_room_that_short_words_leave() -> None:
    studio = Studio()
    studio.loaded.set()
    model = "acme/small-7b-it"
    with scripted_engine.engine(studio, record=True, model=model) as engine:
        async with desk_at(engine.path, studio, size=(80, 24), model=model) as at:
            await talked(at, "hello")
            await at.press("ctrl+n")
            await at.until(lambda: not at.pieces)
            await talked(at, "you there?")
            table = (await opened(at)).query_one(DataTable)
            await at.sees("acme/small-7b-it  ")
            began = [str(table.get_row_at(row)[0]) for row in range(2)]
            assert [words[:2] for words in began] == ["▶ ", "  "]
            assert sum(column.get_render_width(table) for column in table.columns.values()) <= 76


async def test_nothing_found_and_nothing_recorded_are_said() -> None:
    studio = Studio()
    studio.loaded.set()
    with scripted_engine.engine(studio, record=True) as engine:
        async with desk_at(engine.path, studio) as at:
            await talked(at, "about the parrot")
            screen = await opened(at)
            screen.query_one(Input).value = "submarine"
            await at.sees("no session contains these words")
            await at.press("e")
            assert any("no recorded session" in toast for toast in at.toasts)
            await at.press("escape")
            assert at.pilot.app.screen is at.desk


async def replayed(at: Stage) -> ReplayScreen:
    """A talk with a flip at its fifth token, opened as a film."""
    await at.add("pirate")
    at.desk.prompt.focus()
    await at.ask("about the circus")
    await at.play(4)
    await at.press("f")
    await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)
    at.studio.metronome.tick(len(at.studio.script))
    await at.ready()
    await opened(at)
    await at.press("p")
    await at.until(lambda: isinstance(at.pilot.app.screen, ReplayScreen))
    await at.pilot.pause()
    screen = at.pilot.app.screen
    assert isinstance(screen, ReplayScreen)
    return screen


def said(screen: ReplayScreen) -> str:
    return screen.query_one(Transcript).document.last_answer()


async def test_a_session_plays_again_steps_and_jumps_between_changes() -> None:
    studio = Studio()
    studio.loaded.set()
    with scripted_engine.engine(studio, record=True) as engine:
        async with desk_at(engine.path, studio) as at:
            screen = await replayed(at)
            assert said(screen) == ""
            await at.sees("you  about the circus", "pirate", "timeline · paused ×1 · space plays")
            await at.sees("transcript · space plays it")
            await at.press("right", "right")
            assert not any("space plays it" in row for row in at.drawn())
            assert said(screen) == "I will"
            await at.press("left")
            assert said(screen) == "I"
            await at.press("full_stop")
            flip = screen.head.place
            assert flip >= 4
            await at.sees("FLIP")
            await at.press("comma")
            assert screen.head.place == 0
            await at.press("x", "x")
            await at.sees("×16")
            await at.press("space")
            await at.until(lambda: said(screen) == TEXT)
            await at.until(lambda: not screen.head.playing)
            await at.press("escape")
            await at.until(lambda: isinstance(at.pilot.app.screen, SessionsScreen))


async def test_a_film_says_that_it_leaves_other_branches_out() -> None:
    studio = Studio()
    studio.loaded.set()
    with scripted_engine.engine(studio, record=True) as engine:
        async with desk_at(engine.path, studio) as at:
            await talked(at, "about the circus")
            at.desk.transcript.focus()
            await at.press("r")
            await at.until(lambda: at.word == "generating")
            at.studio.metronome.tick(len(at.studio.script))
            await at.ready()
            await opened(at)
            await at.press("p")
            await at.sees("2 turns", "1 turn of other branches left out")


async def test_a_branch_from_a_place_in_the_film_goes_on_at_the_desk() -> None:
    studio = Studio()
    studio.loaded.set()
    with scripted_engine.engine(studio, record=True) as engine:
        async with desk_at(engine.path, studio) as at:
            before = at.desk.link.state.session
            await replayed(at)
            await at.press("b")
            await at.until(lambda: any("nothing to branch from yet" in toast for toast in at.toasts))
            await at.press("right", "right", "right", "b")
            await at.until(lambda: at.pilot.app.screen is at.desk)
            await at.until(lambda: at.desk.link.state.session not in ("", before))
            await at.until(lambda: at.desk.transcript.document.last_answer() == "I will not")


async def test_a_session_of_another_model_is_not_verified_with_this_one() -> None:
    studio = Studio()
    studio.loaded.set()
    with scripted_engine.engine(studio, record=True) as engine:
        async with desk_at(engine.path, studio) as at:
            screen = await two_sessions(at)
            model = at.desk.link.state.model
            assert model is not None
            other = replace(at.desk.link.state, model=replace(model, name="another"))
            entry = next(iter(screen._entries.values()))
            assert "recorded with scripted, but the engine has another" in verify_obstacle(entry, other)
            assert verify_obstacle(entry, at.desk.link.state) == ""
            assert "needs a loaded model" in verify_obstacle(entry, replace(other, model=None))
