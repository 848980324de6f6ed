"""A beside B: another branch of the talk in the panel beside the page, from where the two part."""

from __future__ import annotations

import pytest

from steertui.screens.desk.key_modes import PLAY, TYPE
from steertui.screens.desk.unsteered_panel import UnsteeredPanel
from tests.steertui.app.stage import Stage, stage
from tests.steertui.app.test_talk import answered, brief, said
from tests.steertui.hostile import HOSTILE, talks_to_terminal

pytestmark = pytest.mark.anyio


def panel(at: Stage) -> str:
    """The words in it, if it is there."""
    shadow = at.desk.query_one(UnsteeredPanel)
    items = shadow.transcript.document.items
    return " ".join(getattr(item, "text", "") for item in items) if shadow.display else ""


async def asked_otherwise(at: Stage, text: str) -> None:
    await at.press("tab", "e")
    at.desk.prompt.load_text(text)
    await at.press("enter")
    await at.until(lambda: at.word == "generating")
    at.studio.metronome.tick(2)
    await at.ready()
    # PLAY came by itself with the answer and goes by itself: not between the focus and the next key.
    await at.until(lambda: at.desk.mode == TYPE)
    at.desk.transcript.focus()
    await at.until(lambda: at.desk.mode == PLAY)


@pytest.mark.parametrize("size", [(140, 40), (100, 30), (80, 24)])
async def test_the_other_branch_stands_beside_from_where_they_part(size: tuple[int, int]) -> None:
    async with stage(brief(), size=size) as at:
        await answered(at, "one")
        await answered(at, "two")
        await asked_otherwise(at, "zwei")
        await at.press("A")
        await at.sees("branch 1 of 2, beside 2 · A closes it")
        await at.until(lambda: panel(at).split() == ["two", "short", "answer"])
        assert said(at)[-2] == "you  zwei"
        shadow, words = at.desk.query_one(UnsteeredPanel).region, at.desk.transcript.region
        assert (shadow.x > words.x) == (size[0] >= 140)
        await at.press("v")
        await at.until(lambda: panel(at).split() == ["zwei", "short", "answer"])
        assert said(at)[-2] == "you  two"
        await at.press("A")
        assert panel(at) == ""


async def test_null_one_branch_has_nothing_beside_it_and_an_answer_takes_the_place() -> None:
    async with stage(brief(), size=(140, 40)) as at:
        await answered(at, "one")
        at.desk.transcript.focus()
        await at.press("A")
        assert panel(at) == ""
        assert any("one branch only" in toast for toast in at.toasts)
        await asked_otherwise(at, HOSTILE["osc52"] if "osc52" in HOSTILE else "".join(HOSTILE.values()))
        await at.press("A")
        await at.until(lambda: panel(at).split() == ["one", "short", "answer"])
        await at.press("v")
        assert not talks_to_terminal(panel(at))
        await answered(at, "and now")
        assert panel(at) == ""
        await at.press("tab", "A", "A")
        assert panel(at) == ""
