"""Keys that come in one burst, as a slow line delivers them: each acts where the one before it has led."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.widgets import Input

from steertui.screens.ask import InputDialog
from steertui.screens.library.screen import LibraryScreen
from steertui.screens.palette import ActionPalette
from tests.steertui.app.stage import Stage, stage

pytestmark = pytest.mark.anyio


def burst(on: Stage, *keys: str) -> None:
    """All of them are there before the first is looked at."""
    for key in keys:
        name = _character_to_key(key) if len(key) == 1 else key
        on.pilot.app.post_message(events.Key(name, key if len(key) == 1 else None))


async def test_letters_behind_the_key_of_a_dialog_go_to_the_dialog() -> None:
    async with stage() as on:
        await on.ready()
        on.desk.transcript.focus()
        await on.pilot.pause()
        burst(on, "d", *"mff")
        await on.until(lambda: [line.value for line in on.pilot.app.screen.query(Input)] == ["mff"])
        assert on.toasts == []
        assert not on.desk.mixer_panel.board.mixer.channels


async def test_the_way_back_to_the_prompt_and_what_was_said_before() -> None:
    async with stage() as on:
        await on.ready()
        on.desk.prompt.earlier.append("said before")
        on.desk.transcript.focus()
        await on.pilot.pause()
        burst(on, "i", "up", "enter")
        await on.until(lambda: on.word == "generating")
        assert "said before" in "\n".join(on.drawn())


async def test_a_dialog_that_is_answered_at_once_gives_the_keys_back() -> None:
    async with stage() as on:
        await on.ready()
        on.desk.transcript.focus()
        await on.pilot.pause()
        burst(on, "a", "enter", "d", "escape", "ctrl+p", *"keys")
        await on.until(lambda: [line.value for line in on.pilot.app.screen.query(Input)] == ["keys"])
        await on.until(lambda: on.desk.mixer_panel.board.mixer.channels)


async def test_two_dialogs_one_behind_the_other() -> None:
    async with stage() as on:
        await on.ready()
        await on.add()
        on.desk.transcript.focus()
        await on.pilot.pause()
        before = on.desk.mixer_panel.board.channel.scale
        burst(on, "=", "ctrl+u", *"1.5", "enter", "=", "ctrl+u", "2", "enter", "]")
        await on.until(lambda: on.desk.mixer_panel.board.channel.scale > 2)
        assert before != 2
        assert not isinstance(on.pilot.app.screen, InputDialog)


async def test_what_has_to_be_asked_for_first_is_waited_for() -> None:
    """The list of models comes from the engine, the rows of the library from the disk."""
    async with stage() as on:
        await on.ready()
        burst(on, "f6", *"zz")
        await on.until(lambda: [line.value for line in on.pilot.app.screen.query(Input)] == ["zz"])
        burst(on, "escape", "f4", "enter")
        await on.until(lambda: any("assistant-persona: vector 96" in said for said in on.toasts))
        assert isinstance(on.pilot.app.screen, LibraryScreen)
        assert on.desk.prompt.text == ""


async def test_a_burst_of_letters_stays_in_the_prompt() -> None:
    """Null: what opens nothing leads nowhere."""
    text = "what a line without bracketed paste delivers " * 8
    async with stage() as on:
        await on.ready()
        await on.until(lambda: on.desk.focused is on.desk.prompt)
        burst(on, *text.replace(" ", "x"))
        await on.until(lambda: len(on.desk.prompt.text) == len(text))
        assert on.toasts == []


async def test_two_lists_that_never_come_hold_keys_up_once() -> None:
    """One that was given up already does not count as new beside another."""
    async with stage() as on:
        await on.ready()
        for group in ("read", "opening"):
            on.desk.run_worker(asyncio.Event().wait(), group=group)
            on.desk.transcript.focus()
            await on.pilot.pause()
            burst(on, "d", "escape", "i", *group)
            await on.until(lambda group=group: on.desk.prompt.text.endswith(group))
        assert on.desk.prompt.text == "readopening"


async def test_a_palette_that_is_closed_in_the_midst_of_a_search_takes_it_along() -> None:
    async with stage() as on:
        await on.ready()
        await on.press("ctrl+p")
        palette = on.pilot.app.screen
        assert isinstance(palette, ActionPalette)
        await palette.query("CommandList").remove()
        on.pilot.app.pop_screen()
        search = palette._gather_commands("zz")
        await on.until(lambda: search.is_finished)
        await on.until(lambda: on.desk.is_current)
        await on.press("f4")
        await on.until(lambda: isinstance(on.pilot.app.screen, LibraryScreen))
