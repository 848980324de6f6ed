"""How answers are made and where they hang: sampling, seeds, questions asked differently, branches, a full context."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from sessions.state.answer_settings import AnswerSettings
from steertui.screens.desk.dialogs.form import DeskForm
from steertui.screens.desk.next_sampling import load_default_sampling
from tests.steertui.app.stage import Stage, desk_at, stage
from tests.steertui.hostile import EVERY_HOSTILE, talks_to_terminal
from tests.steertui.scripted_engine import Studio, words

pytestmark = pytest.mark.anyio


def brief() -> Studio:
    studio = Studio(words("short answer"))
    studio.loaded.set()
    return studio


async def answered(at: Stage, text: str) -> None:
    at.desk.prompt.focus()
    await at.ask(text)
    at.studio.metronome.tick(2)
    await at.ready()


async def fill(at: Stage, **values: str) -> None:
    await at.press("f7")
    await at.until(lambda: isinstance(at.pilot.app.screen, DeskForm))
    for name, value in values.items():
        at.pilot.app.screen.query_one(f"#field-{name}", Input).value = value
    await at.press("enter")


def said(at: Stage) -> list[str]:
    rows = [line.gutter + line.text for line in at.desk.transcript.sheet.lines if line.text]
    return [row for row in rows if row.startswith(("you", "asst"))]


async def test_what_is_set_reaches_the_model_stands_over_the_prompt_and_is_stamped() -> None:
    async with stage(brief()) as at:
        await at.ready()
        await fill(at, temperature="0.7", stop='"the end" stop', template_args="enable_thinking=false")
        await at.sees("template enable_thinking=False · temperature 0.7 · stop the end | stop")
        await answered(at, "one")
        wanted = {
            "temperature": 0.7,
            "stop": ["the end", "stop"],
            "template_args": {"enable_thinking": False},
        }
        assert at.studio.instrument is not None
        assert at.studio.instrument.settings[-1] == wanted
        stamp = "template enable_thinking=False · temperature 0.7 · stop the end | stop"
        assert [(marker.at, marker.text) for marker in at.markers] == [(0, stamp)]
        await answered(at, "two")
        assert len(at.markers) == 1, "what has not changed is not stamped again"
        await fill(at, temperature="0")
        await answered(at, "three")
        assert at.markers[-1].text == "temperature 0"


async def test_a_value_that_cannot_be_meant_is_explained_and_asked_again() -> None:
    async with stage(brief()) as at:
        await at.ready()
        await fill(at, top_p="7")
        await at.sees("top-p: it must lie above 0 and be at most 1")
        await at.press("escape")
        assert at.desk.composer.sampling == AnswerSettings()


async def test_a_new_seed_is_drawn_for_every_answer_and_known() -> None:
    async with stage(brief()) as at:
        await at.ready()
        await fill(at, seed="new")
        await answered(at, "one")
        await answered(at, "two")
        assert at.studio.instrument is not None
        seeds = [settings["seed"] for settings in at.studio.instrument.settings]
        assert len(set(seeds)) == 2
        assert [marker.text for marker in at.markers] == [f"seed {seed}" for seed in seeds]
        assert at.desk.composer.sampling.seed is None


async def test_again_with_the_same_seed_and_with_another() -> None:
    async with stage(brief()) as at:
        await answered(at, "one")
        await at.press("tab", "r")
        at.studio.metronome.tick(2)
        await at.until(lambda: at.studio.instrument and len(at.studio.instrument.settings) == 2)
        await at.ready()
        await at.press("R")
        at.studio.metronome.tick(2)
        await at.until(lambda: at.studio.instrument and len(at.studio.instrument.settings) == 3)
        await at.ready()
        assert at.studio.instrument is not None
        first, same, other = at.studio.instrument.settings
        assert (first, same) == ({}, {})
        assert other["seed"]
        assert at.desk.composer.sampling.seed == 0, "another seed is for one answer"


async def test_an_answer_again_forgets_what_has_been_set_back() -> None:
    async with stage(brief()) as at:
        await at.ready()
        await fill(at, temperature="0.7", prefill="Well,")
        await answered(at, "one")
        await fill(at, temperature="0", prefill="")
        await at.press("tab", "r")
        at.studio.metronome.tick(2)
        await at.until(lambda: at.studio.instrument and len(at.studio.instrument.settings) == 2)
        assert at.studio.instrument is not None
        assert at.studio.instrument.settings == [{"temperature": 0.7, "prefill": "Well,"}, {}]
        await at.ready()


async def test_a_prefill_is_text_of_the_answer() -> None:
    async with stage(brief()) as at:
        await at.ready()
        await fill(at, prefill="Well, ")
        await answered(at, "one")
        assert said(at) == ["you  one", "asst Well, short answer"]


async def test_a_question_asked_differently_is_another_branch_and_both_stay() -> None:
    async with stage(brief()) as at:
        await answered(at, "one")
        await answered(at, "two")
        await at.press("tab", "e")
        assert at.desk.prompt.text == "two"
        await at.press("escape", "tab", "e", "escape")
        assert at.desk.prompt.text == ""
        await at.press("tab", "e")
        at.desk.prompt.load_text("zwei")
        await at.press("enter")
        await at.until(lambda: at.word == "generating")
        at.studio.metronome.tick(2)
        await at.ready()
        assert said(at) == ["you  one", "asst short answer", "you  zwei", "asst short answer"]
        await at.press("tab", "v")
        assert said(at) == ["you  one", "asst short answer", "you  two", "asst short answer"]
        await answered(at, "three")
        assert at.studio.instrument is not None
        asked = [m["content"] for m in at.studio.instrument.heard[-1] if m["role"] == "user"]
        assert asked == ["one", "two", "three"]


async def test_the_first_question_can_be_asked_differently() -> None:
    async with stage(brief()) as at:
        await answered(at, "one")
        await answered(at, "two")
        await at.press("tab", "e", "tab", "e")
        assert at.desk.prompt.text == "one"
        at.desk.prompt.load_text("eins")
        await at.press("enter")
        await at.until(lambda: at.word == "generating")
        at.studio.metronome.tick(2)
        await at.ready()
        assert said(at) == ["you  eins", "asst short answer"]
        assert len(at.desk.link.state.turns) == 6


async def test_a_question_that_waited_leaves_no_unanswered_turn() -> None:
    async with stage() as at:
        await at.ask("one")
        await at.play(2)
        at.desk.prompt.focus()
        await at.type("two")
        await at.until(lambda: at.desk.feed.waiting_items)
        await at.press("escape")
        at.studio.metronome.tick(1)
        await at.ready()
        await at.until(lambda: at.desk.prompt.text == "two")
        assert [row[:8] for row in said(at)] == ["you  one", "asst I w"]
        at.studio.metronome.tick(1000)
        await at.press("enter")
        await at.until(lambda: at.studio.instrument and len(at.studio.instrument.heard) == 2)
        assert at.studio.instrument is not None
        assert [m["role"] for m in at.studio.instrument.heard[-1]] == ["user", "assistant", "user"]
        await at.ready()


async def test_the_settings_of_a_session_come_back_with_it() -> None:
    async with stage(brief()) as at:
        await at.ready()
        await fill(at, temperature="0.7", system="You are a pirate.")
        await answered(at, "one")
        assert at.desk.link.client is not None
        async with desk_at(at.desk.link.client.path, at.studio) as other:
            await other.ready()
            await other.until(lambda: other.desk.composer.sampling.temperature == 0.7)
            assert other.desk.composer.sampling.system == "You are a pirate."


async def test_what_is_remembered_is_what_the_next_start_begins_with() -> None:
    async with stage(brief()) as at:
        await at.ready()
        await fill(at, temperature="0.4", seed="new", prefill="Hm", remember="yes")
    assert load_default_sampling() == AnswerSettings(temperature=0.4, seed=None)


async def test_a_context_that_fills_up_is_told_and_then_nothing_more_is_said() -> None:
    studio = brief()
    async with stage(studio) as at:
        await at.ready()
        assert studio.instrument is not None
        studio.instrument.reading = 2045
        await answered(at, "one")
        await at.until(lambda: any("100% full (204" in toast for toast in at.toasts))
        at.desk.prompt.focus()
        await at.type("two")
        await at.until(lambda: any("the context is full: 2047 of 2048" in toast for toast in at.toasts))
        assert at.desk.prompt.text == "two"
        assert len(studio.instrument.heard) == 1


async def test_hostile_settings_of_a_session_are_only_drawn() -> None:
    async with stage(brief()) as at:
        await at.ready()
        at.desk.composer.set_sampling(
            AnswerSettings(system=EVERY_HOSTILE, prefill=EVERY_HOSTILE, stop=(EVERY_HOSTILE,))
        )
        await answered(at, "one")
        await at.press("f7")
        await at.pilot.pause()
        assert not talks_to_terminal("\n".join(at.drawn()))
