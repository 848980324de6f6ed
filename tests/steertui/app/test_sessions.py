"""The sessions: what was recorded is found, read as it was said, exported, and gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import DataTable, Input

from steertui import paths
from steertui.screens.sessions.screen import Sessions
from tests.steertui import scripted_engine
from tests.steertui.app.stage import Stage, desk_at
from tests.steertui.scripted_engine import Studio

pytestmark = pytest.mark.anyio


async def talked(at: Stage, text: str) -> None:
    """One question, one whole answer."""
    at.desk.prompt.focus()
    await at.ask(text)
    at.studio.metronome.tick(len(at.studio.script))
    await at.ready()


async def opened(at: Stage) -> Sessions:
    await at.press("f5")
    screen = at.pilot.app.screen
    assert isinstance(screen, Sessions)
    await at.until(lambda: screen.query_one(DataTable).row_count)
    return screen


def titles(screen: Sessions) -> list[str]:
    table = screen.query_one(DataTable)
    return [str(table.get_row_at(row)[4]) for row in range(table.row_count)]


async def two_sessions(at: Stage) -> Sessions:
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
            await at.until(lambda: any("written to" in toast for toast in at.toasts))
            written = [path for path in paths.sessions().rglob("export/*") if path.is_file()]
            assert len(written) == 1
            assert "about the circus" in Path(written[0]).read_text()


async def test_nothing_found_and_nothing_recorded_are_said() -> None:
    studio = Studio()
    studio.loaded.set()
    with scripted_engine.engine(studio, record=True) as engine:
        async with desk_at(engine.path, studio) as at:
            await talked(at, "about the parrot")
            screen = await opened(at)
            screen.query_one(Input).value = "submarine"
            await at.sees("nothing that was recorded")
            await at.press("e")
            assert any("no recorded session" in toast for toast in at.toasts)
            await at.press("escape")
            assert at.pilot.app.screen is at.desk
