"""What hands do at the desk, once, on the real demo model in a real engine process."""

from __future__ import annotations

import os
import signal

import pytest
from textual.widgets import Input

from sessions.state.answer_settings import AnswerSettings
from steertui.engine.launch import ensure_engine, find_engines
from steertui.screens.desk.dialogs.form import DeskForm
from steertui.screens.pick import ChoiceDialog
from tests.steertui.app.stage import Stage, desk_at
from tests.steertui.scripted_engine import Studio

pytestmark = pytest.mark.anyio

ASKED = "Help me with the parser."


def spoken(at: Stage) -> str:
    return at.desk.transcript.document.last_answer()


def answers(at: Stage) -> list[str]:
    return [turn.text for turn in at.desk.link.state.turns.values() if turn.stop]


async def answer(at: Stage, text: str = ASKED) -> str:
    """One whole answer, as fast as the model can."""
    before = len(answers(at))
    at.desk.composer.max_rate = 0
    at.desk.prompt.focus()
    await at.type(text)
    await at.until(lambda: len(answers(at)) > before)
    await at.ready()
    return answers(at)[-1]


async def again(at: Stage) -> str:
    before = len(answers(at))
    at.desk.transcript.focus()
    await at.press("r")
    await at.until(lambda: len(answers(at)) > before)
    await at.ready()
    return answers(at)[-1]


async def in_force(at: Stage) -> None:
    await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)


async def capped_and_gained(at: Stage, plain: str) -> None:
    """A cap holds and says how often; undone, the answer is the plain one again, token for token."""
    await at.add("determined-drifting")
    await at.press("0", "C", *"<-300", "enter")
    await in_force(at)
    assert await again(at) != plain
    assert at.desk.mixer_panel.strips.readings["determined-drifting"].hits > 0
    at.desk.transcript.focus()
    await at.press("z")
    await in_force(at)
    assert await again(at) == plain


async def saved_and_loaded(at: Stage) -> None:
    at.desk.transcript.focus()
    await at.press("equals_sign", *"-0.5", "enter")
    await in_force(at)
    drifting = await again(at)
    await at.press("f9")
    await at.press(*"save", "enter", *"drift", "enter")
    at.desk.transcript.focus()
    await at.press("delete")
    await in_force(at)
    assert await again(at) != drifting
    await at.press("f9")
    await at.until(lambda: isinstance(at.pilot.app.screen, ChoiceDialog))
    await at.press(*"drift", "enter")
    await at.until(lambda: at.desk.mixer_panel.board.mixer.channels)
    await in_force(at)
    assert await again(at) == drifting


async def sampled(at: Stage) -> None:
    await at.press("f7")
    await at.until(lambda: isinstance(at.pilot.app.screen, DeskForm))
    at.pilot.app.screen.query_one("#field-temperature", Input).value = "1.5"
    at.pilot.app.screen.query_one("#field-max_new_tokens", Input).value = "4"
    await at.press("enter")
    await again(at)
    assert any(marker.text == "temperature 1.5 · max new 4" for marker in at.markers)
    assert len(at.pieces) == 4
    at.desk.composer.set_sampling(AnswerSettings())


async def disturbed_and_rewound(at: Stage) -> None:
    at.desk.composer.max_rate = 2  # the answer must not end before it is paused
    at.desk.prompt.focus()
    await at.type(ASKED)
    await at.until(lambda: at.desk.feed.tokens >= 4 and at.word == "generating")
    await at.press("space")
    await at.until(lambda: at.word == "paused")
    await at.press("d", *"Look!", "enter", "down", "enter")
    await at.until(lambda: any("DISTRACTOR" in marker.text for marker in at.markers))
    before = len(at.pieces)
    await at.press("backspace", *"2", "enter")
    await at.until(lambda: any("2 tokens taken back" in marker.text for marker in at.markers))
    assert len(at.pieces) == before - 2
    await at.press("space")
    await at.until(lambda: len(at.pieces) > before - 2)
    await at.press("escape")
    await at.ready()


async def switched(at: Stage, name: str) -> None:
    await at.press("f6")
    await at.until(lambda: isinstance(at.pilot.app.screen, ChoiceDialog))
    await at.press(*name, "enter")
    await at.until(lambda: at.desk.link.state.model and at.desk.link.state.model.name == name)
    await at.ready()


async def test_a_session_at_the_desk() -> None:
    async with desk_at(ensure_engine("demo-instruct"), Studio(), model="demo-instruct") as at:
        await at.until(lambda: at.word == "idle" and at.desk.link.state.model)
        plain = await answer(at)
        await capped_and_gained(at, plain)
        await saved_and_loaded(at)
        await sampled(at)
        await disturbed_and_rewound(at)
        await switched(at, "demo-base")
        assert await answer(at, "We went on with the parser.")
        await switched(at, "demo-instruct")
        await at.desk.link.request("shutdown", reason="the test is over")


async def test_an_engine_killed_in_mid_answer_is_restarted_with_the_talk_and_the_mixer() -> None:
    path = ensure_engine("demo-instruct")
    async with desk_at(path, Studio(), model="demo-instruct") as at:
        await at.until(lambda: at.word == "idle" and at.desk.link.state.model)
        await at.add("determined-drifting")
        at.desk.composer.max_rate = 1  # so slow that the answer cannot end before the kill
        at.desk.prompt.focus()
        await at.type(ASKED)
        await at.until(lambda: len(at.pieces) >= 3)
        assert at.word == "generating"
        (found,) = find_engines()
        os.kill(found.pid, signal.SIGKILL)
        await at.until(lambda: at.word == "lost")
        await at.sees("ctrl+r starts it again")
        said = spoken(at)
        await at.press("ctrl+r")
        await at.until(lambda: at.word == "idle" and at.desk.link.state.mixer.state)
        await at.until(lambda: spoken(at).startswith(said[:10]))
        assert [c["name"] for c in at.desk.link.state.mixer.state["channels"]] == ["determined-drifting"]
        await at.until(lambda: any("the engine was lost" in note for note in at.notes))
        at.desk.composer.max_rate = 0
        assert await answer(at, "And now?")
        await at.desk.link.request("shutdown", reason="the test is over")
