"""The prompt beyond talk: slash words and their completion, history across sessions, the user's own editor, pastes."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from textual import events
from textual.app import App

from steertui import commands, promptlog
from steertui.screens.desk.commands import slash_commands
from steertui.screens.desk.dialogs.form import DeskForm
from steertui.screens.pick import ChoiceDialog
from tests.steertui.app.stage import stage
from tests.steertui.hostile import EVERY_HOSTILE, talks_to_terminal
from tests.steertui.scripted_engine import Studio, words

pytestmark = pytest.mark.anyio


def brief() -> Studio:
    studio = Studio(words("short answer"))
    studio.loaded.set()
    return studio


# Slash words ------------------------------------------------------------------------------------------------------


def test_every_action_of_the_palette_can_be_typed() -> None:
    for command in commands.palette_commands(*slash_commands.PLACES):
        assert (f"/{command.id}", command.title) in slash_commands.suggest_commands(f"/{command.id}")


def test_nothing_is_offered_for_what_is_not_there() -> None:
    assert slash_commands.suggest_commands("/zzz") == []
    assert slash_commands.suggest_commands("/temperature ")[0][0] == "/temperature X"
    assert slash_commands.complete_command("/temp", "/temperature X") == "/temperature "
    assert slash_commands.complete_command("/strip.f", "/strip.flip") == "/strip.flip"


async def test_a_word_with_a_value_is_completed_and_obeyed() -> None:
    async with stage(brief()) as at:
        await at.ready()
        await at.press("/", *"temp")
        await at.sees("/temperature X", "0 picks the most likely token")
        await at.press("tab")
        assert at.desk.prompt.text == "/temperature "
        await at.press(*"0.5", "enter")
        await at.until(lambda: at.desk.composer.sampling.temperature == 0.5)
        assert at.desk.prompt.text == ""
        assert not at.desk.link.state.turns


async def test_a_tempo_may_be_any_and_the_key_goes_on_from_there() -> None:
    async with stage(brief()) as at:
        await at.ready()
        await at.type("/tempo 10")
        await at.until(lambda: at.desk.composer.max_rate == 10)
        await at.press("tab", "t")
        assert at.desk.composer.max_rate == 16
        await at.press("t", "t")
        assert at.desk.composer.max_rate == 0


async def test_the_arrows_choose_and_enter_runs() -> None:
    async with stage(brief()) as at:
        await at.ready()
        await at.press("/", *"sampling", "enter")
        await at.until(lambda: isinstance(at.pilot.app.screen, DeskForm))


async def test_strip_words_turn_the_selected_strip() -> None:
    async with stage() as at:
        await at.ready()
        await at.type("/add pirate")
        await at.until(lambda: at.desk.mixer_panel.board.mixer.channels)
        for line in ("/scale -0.4", "/gain 0", "/cap >p25"):
            await at.type(line)
        channel = at.desk.mixer_panel.board.channel
        assert (channel.scale, channel.gain, channel.floor) == (-0.4, 0.0, "p25")
        await at.type("/strip.flip")
        await at.until(lambda: at.desk.mixer_panel.board.channel.flipped)


@pytest.mark.parametrize("line", ["/nonsense", "/temperature hot", "/scale 1", "/cap"])
async def test_what_cannot_be_meant_is_a_sentence_and_comes_back(line: str) -> None:
    async with stage(brief()) as at:
        await at.ready()
        at.desk.prompt.load_text(line)
        await at.pilot.pause()
        at.desk.prompt.action_send()
        if at.desk.prompt.text.endswith(" "):
            at.desk.prompt.action_send()
        await at.until(lambda: at.toasts)
        assert at.desk.prompt.text.strip() == line
        assert not at.desk.link.state.turns


async def test_a_space_in_front_sends_a_slash_to_the_model() -> None:
    async with stage(brief()) as at:
        await at.ask(" /etc/passwd is a path")
        at.studio.metronome.tick(2)
        assert at.studio.instrument is not None
        assert at.studio.instrument.heard[-1][-1]["content"] == " /etc/passwd is a path"
        await at.ready()


# History ----------------------------------------------------------------------------------------------------------


def test_history_keeps_each_once_and_survives_bad_lines() -> None:
    for text in ("one", "two\nlines", "one", "\ud800"):
        promptlog.append_prompt(text)
    with promptlog.log_path().open("ab") as file:
        file.write(b'\xff\xfe\n{"not": "text"}\n12\n"  "\n[[[[\n')
    assert promptlog.read() == ["two\nlines", "one", "\ud800"]


async def test_what_was_said_comes_back_in_the_next_session() -> None:
    async with stage(brief()) as at:
        await at.ask("the first thing")
        at.studio.metronome.tick(2)
        await at.ready()
    async with stage(brief()) as at:
        await at.ready()
        await at.press("up")
        assert at.desk.prompt.text == "the first thing"
        at.desk.prompt.clear()
        await at.press("ctrl+r")
        await at.until(lambda: isinstance(at.pilot.app.screen, ChoiceDialog))
        await at.press(*"first", "enter")
        assert at.desk.prompt.text == "the first thing"


async def test_a_hostile_history_is_only_drawn() -> None:
    promptlog.append_prompt(EVERY_HOSTILE)
    async with stage(brief()) as at:
        await at.ready()
        await at.press("up")
        assert not talks_to_terminal("\n".join(at.drawn()))
        await at.press("ctrl+r")
        await at.pilot.pause()
        assert not talks_to_terminal("\n".join(at.drawn()))


async def test_the_text_of_an_editor_comes_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "ed.sh"
    script.write_text('#!/bin/sh\nprintf " and more\\033[2J" >> "$1"\n')
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    monkeypatch.setattr(App, "suspend", lambda self: nullcontext())
    async with stage(brief()) as at:
        await at.ready()
        at.desk.prompt.insert("some")
        await at.press("ctrl+e")
        await at.until(lambda: at.desk.prompt.text == "some and more␛[2J")


# Editor and paste -------------------------------------------------------------------------------------------------


async def test_an_editor_that_cannot_be_had_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "no-such-editor")
    monkeypatch.delenv("VISUAL", raising=False)
    async with stage(brief()) as at:
        await at.ready()
        at.desk.prompt.insert("keep me")
        await at.press("ctrl+e")
        await at.until(lambda: at.toasts)
        assert at.desk.prompt.text == "keep me"


async def test_a_long_and_hostile_paste_is_kept_and_made_visible() -> None:
    async with stage(brief()) as at:
        await at.ready()
        text = "\n".join(f"line {n}" for n in range(2000)) + EVERY_HOSTILE
        at.desk.prompt.post_message(events.Paste(text))
        await at.until(lambda: "line 1999" in at.desk.prompt.text)
        assert not talks_to_terminal(at.desk.prompt.text)
        assert at.desk.prompt.size.height <= 8
