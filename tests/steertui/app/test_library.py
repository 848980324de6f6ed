"""The library: what is on the shelf is shown as it is, and every key does what its hint says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from textual.widgets import DataTable, Input

from steertui.screens.library.screen import Library
from tests.steertui.app.stage import Stage, stage
from tests.steertui.widgets.test_text import HOSTILE, talks_to_terminal
from vectors import library, reading

pytestmark = pytest.mark.anyio
WIDTH = 16


def made(path: Path, seed: int, **metadata: str) -> Path:
    """A file as strangers write them: one row per layer."""
    rng = np.random.default_rng(seed)
    rows = {f"layer_{layer}": rng.standard_normal(WIDTH).astype(np.float32) for layer in range(4)}
    save_file(rows, path, metadata=metadata or None)
    return path


def kept(tmp_path: Path, name: str, seed: int) -> None:
    library.add(reading.read_stored(made(tmp_path / f"{name}.safetensors", seed)), name)


async def opened(at: Stage) -> Library:
    await at.ready()
    await at.press("f4")
    screen = at.pilot.app.screen
    assert isinstance(screen, Library)
    await at.until(lambda: screen.query_one(DataTable).row_count)
    return screen


def names(screen: Library) -> list[str]:
    table = screen.query_one(DataTable)
    return [str(table.get_row_at(row)[0]) for row in range(table.row_count)]


async def test_starters_and_own_vectors_are_listed_with_their_cards(tmp_path: Path) -> None:
    kept(tmp_path, "fresh", 1)
    async with stage() as at:
        screen = await opened(at)
        assert "fresh" in names(screen)
        assert "determined-drifting" in names(screen)
        await at.sees("consistency")


async def test_enter_takes_a_vector_to_the_desk(tmp_path: Path) -> None:
    kept(tmp_path, "fresh", 1)
    async with stage() as at:
        await opened(at)
        await at.press("slash", *"fresh", "enter")
        await at.until(lambda: at.pilot.app.screen.query_one(DataTable).row_count == 1)
        await at.press("enter")
        await at.until(lambda: at.desk.rack.board.mixer.channels)
        assert at.desk.rack.board.channel.label == "fresh"
        assert at.pilot.app.screen is at.desk


async def test_rename_note_and_trash(tmp_path: Path) -> None:
    kept(tmp_path, "fresh", 1)
    async with stage() as at:
        screen = await opened(at)
        await at.press("slash", *"fresh", "enter")
        await at.until(lambda: names(screen) == ["fresh"])
        await at.press("n", *"a fine one", "enter")
        await at.until(lambda: library.search("fresh")[0].note == "a fine one")
        screen.query_one("#filter", Input).value = ""
        await at.until(lambda: "pirate" in names(screen))
        screen.query_one(DataTable).move_cursor(row=names(screen).index("fresh"))
        await at.press("R", "ctrl+u", *"yours", "enter")
        await at.until(lambda: "yours" in names(screen))
        assert screen._chosen.name == "yours"
        await at.press("delete")
        await at.until(lambda: "yours" not in names(screen))
        assert any("trash" in toast for toast in at.toasts)


async def test_starters_stay_and_say_so() -> None:
    async with stage() as at:
        screen = await opened(at)
        before = names(screen)
        await at.press("delete")
        await at.until(lambda: any("comes with the demo models" in toast for toast in at.toasts))
        assert names(screen) == before


async def test_import_says_what_is_wrong_and_takes_what_is_right(tmp_path: Path) -> None:
    path = made(tmp_path / "strange.safetensors", 2)
    async with stage() as at:
        screen = await opened(at)
        await at.press("o", *"nowhere.safetensors", "enter")
        await at.sees("nowhere.safetensors")
        asked = at.pilot.app.screen.query_one(Input)
        asked.value = str(path)
        await at.press("enter")
        await at.until(lambda: "strange" in names(screen))


async def test_cosines_with_what_is_on_the_desk(tmp_path: Path) -> None:
    kept(tmp_path, "fresh", 1)
    kept(tmp_path, "same", 1)
    kept(tmp_path, "other", 2)
    async with stage() as at:
        await at.add("fresh")
        screen = await opened(at)
        screen.query_one(DataTable).move_cursor(row=names(screen).index("same"))
        await at.sees("+1.00 with fresh  ⚠ pulls the same way")
        screen.query_one(DataTable).move_cursor(row=names(screen).index("other"))
        await at.until(lambda: "⚠" not in "\n".join(at.drawn()))
        await at.sees("with fresh")


async def test_a_hostile_file_stays_text() -> None:
    bad = (
        "".join(HOSTILE.values()).replace("\ud800", "").replace("\x00", "") + "[@click=app.quit]x[/] [/nope]"
    )
    folder = library.folder()
    folder.mkdir(parents=True, exist_ok=True)
    made(folder / "bad.safetensors", 3, model=bad, note=bad, name=bad)
    (folder / "torn.safetensors").write_bytes(b"\x1b[2J" * 9)
    async with stage() as at:
        screen = await opened(at)
        for row in range(screen.query_one(DataTable).row_count):
            screen.query_one(DataTable).move_cursor(row=row)
            await at.pilot.pause(0.05)
            assert not [line for line in at.drawn() if talks_to_terminal(line)]
        assert {"bad", "torn"} <= set(names(screen))
