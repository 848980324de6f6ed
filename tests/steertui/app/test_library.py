"""The library: what is on the shelf is shown as it is, and every key does what its hint says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from textual.widgets import DataTable, Input

from steertui.screens.library.rows import COLUMNS
from steertui.screens.library.screen import LibraryScreen
from tests.steertui.app.stage import Stage, stage
from tests.steertui.hostile import HOSTILE, talks_to_terminal
from vectors.library import library
from vectors.vector_file import read_file

pytestmark = pytest.mark.anyio
WIDTH = 4  # the scripted model's


def made(path: Path, seed: int, width: int = WIDTH, **metadata: str) -> Path:
    """A file as strangers write them: one row per layer."""
    rng = np.random.default_rng(seed)
    rows = {f"layer_{layer}": rng.standard_normal(width).astype(np.float32) for layer in range(4)}
    save_file(rows, path, metadata=metadata or None)
    return path


def kept(tmp_path: Path, name: str, seed: int) -> None:
    library.add_to_library(read_file(made(tmp_path / f"{name}.safetensors", seed)), name)


async def opened(at: Stage) -> LibraryScreen:
    await at.ready()
    await at.press("f4")
    screen = at.pilot.app.screen
    assert isinstance(screen, LibraryScreen)
    await at.until(lambda: screen.query_one(DataTable).row_count)
    return screen


def names(screen: LibraryScreen) -> list[str]:
    table = screen.query_one(DataTable)
    return [str(table.get_row_at(row)[0]) for row in range(table.row_count)]


async def test_starters_and_own_vectors_are_listed_with_their_cards(tmp_path: Path) -> None:
    kept(tmp_path, "fresh", 1)
    async with stage() as at:
        screen = await opened(at)
        assert "fresh" in names(screen)
        assert "determined-drifting" in names(screen)
        await at.sees("consistency")


async def test_columns_give_way_where_there_is_no_room_for_all(tmp_path: Path) -> None:
    """What the card says too is left out whole; no word of the table is cut, and the cursor stays."""
    kept(tmp_path, "a-name-of-some-length", 1)
    async with stage(size=(140, 40)) as at:
        screen = await opened(at)
        await at.press("down")
        table, chosen = screen.query_one(DataTable), screen._chosen.name
        for size, shown in (((100, 30), 6), ((80, 24), 4), ((60, 16), 4), ((140, 40), len(COLUMNS))):
            await at.pilot.resize_terminal(*size)
            await at.until(lambda shown=shown: len(table.columns) == shown)  # type: ignore[misc]
            assert table.max_scroll_x == 0
            assert screen._chosen.name == chosen


async def test_the_cursor_is_where_it_was_when_one_comes_back(tmp_path: Path) -> None:
    kept(tmp_path, "fresh", 1)
    async with stage() as at:
        screen = await opened(at)
        here = names(screen).index("fresh")
        assert here
        await at.press(*["down"] * here)
        await at.until(lambda: at.desk.library_cursor == "fresh")
        await at.press("f2")
        table = (await opened(at)).query_one(DataTable)
        await at.until(lambda: table.cursor_row == here)


async def test_enter_takes_a_vector_to_the_desk(tmp_path: Path) -> None:
    kept(tmp_path, "fresh", 1)
    async with stage() as at:
        await opened(at)
        await at.press("slash", *"fresh", "enter")
        await at.until(lambda: at.pilot.app.screen.query_one(DataTable).row_count == 1)
        await at.press("enter")
        await at.until(lambda: at.desk.mixer_panel.board.mixer.channels)
        assert at.desk.mixer_panel.board.channel.label == "fresh"
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
        asked.value = "a" * 300
        await at.press("enter")
        await at.sees("cannot read the file: file name too long")
        asked.value = "~nobody-has-this-name/x.gguf"
        await at.press("enter")
        await at.sees("x.gguf: no such file")
        asked.value = str(path)
        await at.press("enter")
        await at.sees("layers", "0–3", "enter saves it under this name")
        assert "strange" not in names(screen), "nothing is kept before its card was seen"
        await at.press("enter")
        await at.until(lambda: "strange" in names(screen))


async def test_an_import_whose_name_is_taken_is_told_to_write_another_there(tmp_path: Path) -> None:
    path = made(tmp_path / "strange.safetensors", 2)
    library.add_to_library(read_file(path), "taken")
    async with stage() as at:
        screen = await opened(at)
        await at.press("o")
        at.pilot.app.screen.query_one(Input).value = str(path)
        await at.press("enter")
        await at.sees("enter saves it under this name")
        await at.press("ctrl+u", *"taken", "enter")
        await at.sees("already has a vector 'taken': choose another name")
        await at.press("2", "enter")
        await at.until(lambda: "taken2" in names(screen))


async def test_an_import_shows_every_warning_and_waits_for_an_answer_to_what_the_file_leaves_open(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a stack.npy"
    rows = np.random.default_rng(3).standard_normal((5, 16)).astype(np.float32)
    rows[1] *= 1e-8
    np.save(path, rows)
    async with stage() as at:
        screen = await opened(at)
        await at.press("o")
        at.pilot.app.screen.query_one("#path", Input).value = str(path)
        await at.press("enter")
        await at.sees("⚠ does not fit: vector 16, model 4 dimensions (scripted)")
        await at.sees("say --shift 0", "layer 1 has an extreme norm")
        await at.press("enter")
        await at.until(lambda: at.pilot.app.screen.query(".-wrong"))
        assert "a-stack" not in names(screen)
        await at.press("escape")
        at.pilot.app.screen.query_one("#path", Input).value = f"'{path}' --shift -1"
        await at.press("enter")
        await at.sees("layer = stored index -1", "0–3")
        await at.press("ctrl+u", *"mine", "enter")
        await at.until(lambda: "mine" in names(screen))
        assert screen._chosen.name == "mine"
        assert "--shift" not in "".join(library.load("mine").warnings)


async def test_an_import_that_is_not_wanted_leaves_nothing_behind(tmp_path: Path) -> None:
    path = made(tmp_path / "strange.safetensors", 2)
    async with stage() as at:
        screen = await opened(at)
        await at.press("o")
        at.pilot.app.screen.query_one("#path", Input).value = str(path)
        await at.press("enter")
        await at.sees("enter saves it")
        await at.press("escape")
        await at.sees("enter reads it")
        await at.press("escape")
        assert at.pilot.app.screen is screen
        assert "strange" not in library.vector_paths()


async def test_what_went_to_the_trash_comes_back_with_its_note(tmp_path: Path) -> None:
    for seed, name in enumerate(("one", "two", "three")):
        kept(tmp_path, name, seed)
    library.write_note("one", "for the talk")
    async with stage() as at:
        screen = await opened(at)
        await at.press("z")
        await at.until(lambda: any("nothing to undo" in toast for toast in at.toasts))
        for name in ("one", "two"):
            screen.query_one(DataTable).move_cursor(row=names(screen).index(name))
            await at.press("delete")
            await at.until(lambda gone=name: gone not in names(screen))
        await at.press("z")
        await at.until(lambda: "two" in names(screen))
        assert screen._chosen.name == "two"
        await at.press("z")
        await at.until(lambda: "one" in names(screen))
        assert screen._chosen.note == "for the talk"


async def test_the_trash_gives_back_what_was_removed_in_earlier_days(tmp_path: Path) -> None:
    kept(tmp_path, "fresh", 1)
    library.remove("fresh")
    async with stage() as at:
        screen = await opened(at)
        await at.press("T")
        await at.sees("trash", "fresh", "enter restores it")
        kept(tmp_path, "fresh", 2)
        await at.press("enter")
        await at.until(lambda: any("again: rename or remove that one first" in toast for toast in at.toasts))
        library.rename("fresh", "newer")
        await at.press("T", "enter")
        await at.until(lambda: "fresh" in names(screen))
        await at.press("T")
        await at.until(lambda: any("the trash is empty" in toast for toast in at.toasts))


def fits(screen: LibraryScreen) -> dict[str, str]:
    table = screen.query_one(DataTable)
    rows = [table.get_row_at(row) for row in range(table.row_count)]
    return {str(row[0]): str(row[1]) for row in rows}


async def test_a_badge_tells_what_the_loaded_model_cannot_play(tmp_path: Path) -> None:
    narrow = {f"layer_{layer}": np.eye(WIDTH, dtype=np.float32)[layer % WIDTH] for layer in range(12)}
    for name, wanted in {"right": 10, "deep": 12, "single": 1}.items():
        rows = dict([*narrow.items()][:wanted])
        save_file(rows, tmp_path / f"{name}.safetensors")
        library.add_to_library(read_file(tmp_path / f"{name}.safetensors"))
    library.add_to_library(read_file(made(tmp_path / "wide.safetensors", 1, width=16)))
    async with stage() as at:
        screen = await opened(at)
        shown = {name: fits(screen)[name] for name in ("right", "deep", "single", "wide")}
        assert shown == {"right": "✓", "deep": "✗ depth", "single": "~", "wide": "✗ width"}
        screen.query_one(DataTable).move_cursor(row=names(screen).index("wide"))
        await at.sees("⚠ does not fit: vector 16, model 4 dimensions (scripted)")
        await at.press("enter")
        await at.until(lambda: any(toast.startswith("wide: vector 16, model 4") for toast in at.toasts))
        assert at.pilot.app.screen is screen
        screen.query_one(DataTable).move_cursor(row=names(screen).index("single"))
        await at.sees("⚠ only layer 0 of 10")
        await at.desk.link.request("unload")
        await at.until(lambda: set(fits(screen).values()) == {""})


async def test_cosines_with_what_is_on_the_desk(tmp_path: Path) -> None:
    kept(tmp_path, "fresh", 1)
    kept(tmp_path, "same", 1)
    kept(tmp_path, "other", 2)
    async with stage() as at:
        await at.add("fresh")
        screen = await opened(at)
        screen.query_one(DataTable).move_cursor(row=names(screen).index("same"))
        await at.sees("+1.00 with fresh  ⚠ points the same way")
        screen.query_one(DataTable).move_cursor(row=names(screen).index("other"))
        await at.until(lambda: "⚠" not in "\n".join(at.drawn()))
        await at.sees("with fresh")


async def test_a_hostile_file_stays_text() -> None:
    bad = (
        "".join(HOSTILE.values()).replace("\ud800", "").replace("\x00", "") + "[@click=app.quit]x[/] [/nope]"
    )
    folder = library.library_folder()
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
