"""What holds on every screen: the way to every other one, help about this one, all actions by name, looks, pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList

from steertui import colour_themes, commands, config, paths
from steertui.screens.desk.dialogs.form import DeskForm
from steertui.screens.desk.screen import DeskScreen
from steertui.screens.jobs.form.form import JobForm
from steertui.screens.jobs.screen import JobsScreen
from steertui.screens.keys import HelpScreen
from steertui.screens.library.screen import LibraryScreen
from steertui.screens.palette import ActionProvider
from steertui.screens.sessions.screen import SessionsScreen
from steertui.terminal import clipboard
from tests.steertui.app.stage import Stage, stage

pytestmark = pytest.mark.anyio
KEYS = {"f2": DeskScreen, "f4": LibraryScreen, "f5": SessionsScreen}


async def test_every_screen_leads_to_every_other() -> None:
    async with stage() as at:
        await at.ready()
        for start in KEYS:
            for end, screen in KEYS.items():
                await at.press(start)
                await at.press(end)
                await at.until(lambda screen=screen: isinstance(at.pilot.app.screen, screen))  # type: ignore[misc]
                assert len(at.pilot.app.screen_stack) == (1 if screen is DeskScreen else 2)


async def test_help_is_about_the_screen_it_was_asked_on() -> None:
    async with stage(size=(120, 240)) as at:
        await at.press("f5", "f1")
        assert isinstance(at.pilot.app.screen, HelpScreen)
        await at.sees("help · sessions", "Replay it token by token", "Find any command by name")
        assert "Flip the sign" not in "\n".join(at.drawn())
        await at.press("escape", "f2", "tab", "question_mark")
        await at.sees("help · desk", "Flip the sign", "Previous layer")
        rows = at.drawn()
        assert any("palette only" in row and "Take write access" in row for row in rows)
        assert any("ctrl+r" in row and "Search earlier prompts" in row for row in rows)
        assert not any("To the beginning" in row and " g " in row for row in rows), "g is the strip's"
        await at.sees("in the unit natural")


async def offered(at: Stage) -> set[str]:
    provider = ActionProvider(at.pilot.app.screen)
    return {str(hit.display) async for hit in provider.discover()}


async def test_the_palette_holds_every_action_of_the_screen_and_the_desk() -> None:
    async with stage() as at:
        unnamed = {"app.palette", "app.interrupt"}
        for place, keys in {
            commands.LIBRARY: ["f4"],
            commands.SESSIONS: ["f5"],
            commands.PLAY: ["f2"],
        }.items():
            await at.press(*keys)
            wanted = {place, commands.EVERYWHERE, commands.BOTH, commands.PLAY, commands.BANK}
            titles = {
                each.title for each in commands.COMMANDS if each.where in wanted and each.id not in unnamed
            }
            assert await offered(at) == titles


async def test_an_action_of_the_desk_leads_there() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("f4", "ctrl+p")
        assert isinstance(at.pilot.app.screen, CommandPalette)
        at.pilot.app.screen.query_one(Input).value = "bypass the whole"
        await at.sees("Bypass the whole mixer")
        await at.press("enter")
        await at.until(lambda: at.pilot.app.screen is at.desk)
        await at.until(lambda: at.desk.mixer_panel.board.mixer.bypassed)


async def test_a_picture_is_a_file_and_the_message_names_it() -> None:
    async with stage() as at:
        await at.press("f8")
        [picture] = (paths.data_folder() / "pictures").glob("*.svg")
        assert picture.read_text().startswith("<svg")
        assert any(str(picture) in toast for toast in at.toasts)


async def test_a_theme_is_tried_on_taken_back_or_kept() -> None:
    async with stage() as at:
        app = at.pilot.app
        before = app.theme
        await app.run_action("looks")
        await at.pilot.pause()
        assert app.theme == before
        await at.press("down")
        assert app.theme == colour_themes.DAY.name
        await at.press("escape")
        assert app.theme == before
        await app.run_action("looks")
        await at.pilot.pause()
        for name in [*colour_themes.NAMES[1:], colour_themes.NAMES[0], colour_themes.NAMES[1]]:
            await at.press("down")
            assert app.theme == name
        assert app.screen.query_one(OptionList).highlighted == 1
        app.screen.query_one(OptionList).focus()
        await at.press("enter")
        assert config.load().theme == colour_themes.DAY.name
        assert any(str(paths.config_folder() / config.FILE) in toast for toast in at.toasts)


QUICK_THEMES = colour_themes.NAMES[::5]


@pytest.mark.parametrize("names", [QUICK_THEMES, pytest.param(colour_themes.NAMES, marks=pytest.mark.slow)])
async def test_every_theme_there_is_draws_the_desk_and_the_library(names: tuple[str, ...]) -> None:
    async with stage() as at:
        await at.add("pirate")
        for name in names:
            at.pilot.app.theme = name
            await at.press("f4", "f1")
            await at.sees("help · library")
            await at.press("escape", "f2")


async def test_copying_says_where_the_words_went() -> None:
    async with stage() as at:
        at.pilot.app.copy_to_clipboard("wei\udcffrd words")
        await at.until(lambda: any("12 characters" in toast for toast in at.toasts))
        [toast] = at.toasts
        assert "offered to the terminal's clipboard" in toast
        assert "too long" not in toast
        kept = paths.state_folder() / clipboard.FILE
        assert str(kept) in toast
        assert kept.read_text() == "wei?rd words"


def test_tmux_is_handed_the_text_when_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmux = tmp_path / "tmux"
    tmux.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said; cat >> {tmp_path}/said\n')
    tmux.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert not clipboard.copy_to_tmux("words")
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    assert "in tmux's buffer" in clipboard.copy_text("words")
    assert (tmp_path / "said").read_text() == "load-buffer -w -\nwords"


def test_what_a_terminal_may_refuse_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "may be too long for it" in clipboard.copy_text("x" * 80_000)[0]
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/nowhere")
    assert "not in a file" in clipboard.copy_text("words")[-1]


async def test_the_bank_stands_on_its_own_ground_in_every_theme_and_with_the_focus() -> None:
    async with stage(size=(80, 24)) as on:
        await on.add()
        bank, seen = on.desk.mixer_panel.bank, set()
        for theme in ("steertui-night", "steertui-day"):
            on.pilot.app.theme = theme
            for act in (on.desk.transcript.focus, bank.focus):
                act()
                await on.pilot.pause()
                grounds = {segment.style.bgcolor for segment in bank.render_line(0) if segment.style}
                assert grounds == {bank.rich_style.bgcolor}
                seen |= grounds
        assert len(seen) == 4


@pytest.mark.parametrize(
    "dialog", ["vector.add", "answer.sampling", "inject.open", "jobs.new", "app.palette"]
)
async def test_function_keys_lead_away_from_every_dialog(dialog: str) -> None:
    async with stage() as at:
        await at.ready()
        app = at.pilot.app
        for key, screen in (*KEYS.items(), ("f3", JobsScreen)):
            if dialog.startswith("app"):
                await app.run_action("palette")
            elif dialog.startswith("jobs"):
                await at.press("f3", "n", "enter")
            else:
                await at.press("f2")
                at.desk.action_do(dialog)
            await at.until(lambda: isinstance(app.screen, ModalScreen))
            await at.press(key)
            await at.until(lambda screen=screen: isinstance(app.screen, screen))  # type: ignore[misc]
            assert len(app.screen_stack) == (1 if screen is DeskScreen else 2)


async def test_help_opens_over_a_form_and_the_same_key_closes_it() -> None:
    async with stage() as at:
        await at.ready()
        await at.press("f7", "f1")
        assert isinstance(at.pilot.app.screen, HelpScreen)
        await at.sees("help · desk")
        await at.press("f1")
        assert isinstance(at.pilot.app.screen, DeskForm)
        await at.press("f3", "n", "enter", "f1")
        await at.sees("help", "Choose from a list")
        await at.press("f1")
        assert isinstance(at.pilot.app.screen, JobForm)
        await at.press("question_mark")
        assert isinstance(at.pilot.app.screen, JobForm), "it may be typed"


@pytest.mark.parametrize("keys", ["f3", "f4", "f5", "f7", "f1"])
async def test_every_screen_says_when_the_terminal_is_too_small(keys: str) -> None:
    async with stage() as at:
        await at.ready()
        await at.press(keys)
        await at.pilot.resize_terminal(40, 10)
        await at.sees("terminal too small: 40×10, need 60×16")
        await at.pilot.resize_terminal(120, 36)
        await at.pilot.pause()
        await at.until(lambda: "too small" not in "\n".join(at.drawn()))
