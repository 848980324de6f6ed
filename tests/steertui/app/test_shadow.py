"""The shadow beside the answer, what the meters measure of it, and the lamp that says when it is no answer any more."""

from __future__ import annotations

import pytest

from steertui.screens.desk.unsteered_panel import UnsteeredPanel
from steertui.widgets.status.collapse_lamp import CollapseLamp
from tests.sessions import scripted
from tests.steertui import scripted_engine
from tests.steertui.app.stage import Stage, stage
from tests.steertui.hostile import HOSTILE, talks_to_terminal
from tests.steertui.scripted_engine import Studio

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("size", [(140, 40), (100, 30), (80, 24)])
async def test_a_free_shadow_answers_beside_the_answer_from_the_next_one_on(size: tuple[int, int]) -> None:
    async with stage(size=size) as at:
        await at.ask("one")
        await at.play(2)
        await at.press("S")
        assert any(
            "next answers: beside each, the unsteered model's own answer" in toast for toast in at.toasts
        )
        await at.play(2)
        assert not at.desk.query_one(UnsteeredPanel).display
        at.studio.metronome.tick(1000)
        await at.ready()
        await at.press("r")
        await at.sees("unsteered · its own answer", "0! 1! 2!", "KL needs a forced shadow")
        shadow, words = at.desk.query_one(UnsteeredPanel).region, at.desk.transcript.region
        assert (shadow.x > words.x) == (size[0] >= 140)
        assert (shadow.y > words.y) == (size[0] < 140)


async def answer_beside_a_forced_shadow(at: Stage) -> None:
    await at.ready()
    await at.press("tab", "S", "S")
    at.desk.prompt.focus()
    await at.ask("one")
    await at.play(5)


async def test_a_forced_shadow_says_what_it_would_have_said_and_kl() -> None:
    async with stage(size=(140, 40)) as at:
        await answer_beside_a_forced_shadow(at)
        await at.sees("unsteered · would have said", "I WILL NOT GIVE", "3.00 nats, mean 1.50")
        at.desk.transcript.focus()
        await at.press("p", "p", "enter")
        await at.sees("unsteered p 0.14 #3", "steered", "“ GIVE” 0.60", "KL 3.00")
        await at.press("S")
        assert any("unsteered panel off" in toast for toast in at.toasts)


async def test_a_model_of_experts_says_how_many_of_them_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    shadowed = scripted_engine.shadowed

    def routed(step: scripted.Step, shadow: str | None) -> None:
        shadowed(step, shadow)
        step.experts = 0.14 if shadow == "forced" else None

    monkeypatch.setattr(scripted_engine, "shadowed", routed)
    async with stage(size=(140, 40)) as at:
        await answer_beside_a_forced_shadow(at)
        await at.sees("3.00 nats · 14 % of experts changed")
        at.desk.transcript.focus()
        await at.press("p", "p", "enter")
        await at.sees("KL 3.00", "14 % of experts changed")


async def test_the_lamp_is_dark_on_prose_and_says_why_and_what_to_turn_when_it_is_lit() -> None:
    async with stage(Studio(["again"] * 120), size=(140, 40)) as at:
        at.studio.loaded.set()
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask("one")
        await at.play(20)
        assert not at.desk.query_one(CollapseLamp).display
        await at.play(80)
        await at.sees("COLLAPSE", "the text repeats one token", "l: pirate +0.30 → +0.15 relative")


async def test_the_lamp_sees_a_sentence_that_comes_back() -> None:
    """Twenty tokens, again and again: longer than what a window of 32 tokens can tell from prose."""
    sentence = [f" w{number}" for number in range(20)]
    async with stage(Studio([*map(str, range(30)), *sentence * 5]), size=(140, 40)) as at:
        at.studio.loaded.set()
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask("one")
        await at.play(65)
        assert not at.desk.query_one(CollapseLamp).display
        await at.play(30)
        await at.sees("COLLAPSE", "the text loops with a period of 20 tokens")


async def test_a_key_does_what_the_lamp_advises_and_another_takes_it_back() -> None:
    async with stage(Studio(["again"] * 120), size=(140, 40)) as at:
        at.studio.loaded.set()
        await at.add("pirate")
        await at.press("l")
        assert any("has no advice now" in toast for toast in at.toasts)
        at.desk.prompt.focus()
        await at.ask("one")
        await at.play(80)
        await at.sees("COLLAPSE")
        await at.press("l")
        await at.until(
            lambda: [round(c.scale, 3) for c in at.desk.mixer_panel.board.mixer.channels] == [0.15]
        )
        await at.play(4)
        assert [marker.text for marker in at.markers if marker.at] == ["pirate → +0.15 rel"]
        await at.press("z")
        assert [round(c.scale, 3) for c in at.desk.mixer_panel.board.mixer.channels] == [0.3]


async def test_hostile_words_of_a_shadow_stay_words() -> None:
    bad = "[@click=app.quit]x[/]" + "".join(HOSTILE.values()).replace("\ud800", "")
    async with stage(Studio([bad] * 4), size=(140, 40)) as at:
        at.studio.loaded.set()
        await at.ready()
        await at.press("tab", "S", "S")
        at.desk.prompt.focus()
        await at.ask("one")
        await at.play(3)
        at.desk.transcript.focus()
        await at.press("p", "p", "enter")
        await at.sees("unsteered · would have said")
        assert not [row for row in at.drawn() if talks_to_terminal(row)]
        assert at.pilot.app.is_running
