"""The line that leads somebody new: it follows from what has happened, and stays away once it is not needed."""

from __future__ import annotations

import pytest

from steertui.screens.desk import tour
from steertui.screens.desk.first_page import FIRST, is_tour_done
from steertui.screens.desk.tour import DONE, LATE, LESSON, STEPS, TYPING, WAITING, TourProgress, next_hint
from tests.steertui.app.stage import Stage, stage
from tests.steertui.scripted_engine import Studio, words

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("seen", "steered", "said"),
    [
        (
            TourProgress(model_ready=False, answers=0, strips=0, generating=False, changed_midway=False),
            0,
            WAITING,
        ),
        (
            TourProgress(model_ready=True, answers=0, strips=0, generating=False, changed_midway=False),
            0,
            STEPS[0],
        ),
        (TourProgress(model_ready=True, answers=1, strips=0, generating=True, changed_midway=False), 0, ""),
        (
            TourProgress(model_ready=True, answers=1, strips=0, generating=False, changed_midway=False),
            0,
            STEPS[1],
        ),
        (
            TourProgress(model_ready=True, answers=1, strips=1, generating=False, changed_midway=False),
            0,
            STEPS[2],
        ),
        (
            TourProgress(model_ready=True, answers=2, strips=1, generating=True, changed_midway=False),
            1,
            STEPS[3],
        ),
        (
            TourProgress(model_ready=True, answers=2, strips=1, generating=False, changed_midway=False),
            1,
            STEPS[4],
        ),
        (
            TourProgress(
                model_ready=True,
                answers=2,
                strips=1,
                generating=False,
                changed_midway=False,
                changed_too_late=True,
            ),
            1,
            LATE,
        ),
        (TourProgress(model_ready=True, answers=2, strips=1, generating=True, changed_midway=True), 1, DONE),
    ],
)
def test_each_step_follows_from_what_has_happened(seen: TourProgress, steered: int, said: str) -> None:
    assert next_hint(seen, steered) == said


def line(at: Stage) -> str:
    return str(at.desk.query_one(tour.Tour).render())


async def test_it_leads_to_a_flip_in_mid_answer_and_is_done() -> None:
    studio = Studio(words("one two three four five six seven eight"))
    studio.loaded.set()
    async with stage(studio, model="demo-instruct") as at:
        await at.until(lambda: line(at) == TYPING[STEPS[0]])
        await at.press("up", "enter")
        at.studio.metronome.tick(8)
        await at.until(lambda: line(at) == STEPS[1])
        await at.press("tab", "a")
        await at.press("enter")
        await at.until(lambda: line(at) == STEPS[2])
        assert at.desk.mixer_panel.board.channel.label == FIRST
        await at.press("i", "up", "enter")
        await at.until(lambda: line(at) == STEPS[3])
        await at.play(3)
        await at.press("f")
        await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)
        at.studio.metronome.tick(8)
        await at.until(lambda: line(at) == DONE)
        await at.ready()
        assert is_tour_done()
    async with stage(model="demo-instruct") as at:
        await at.ready()
        assert line(at) == ""


async def test_a_flip_at_the_last_words_is_no_lesson_and_asked_for_again() -> None:
    studio = Studio(words("one two three four five six seven eight"))
    studio.loaded.set()
    async with stage(studio, model="demo-instruct") as at:
        await at.add(FIRST)
        at.desk.prompt.focus()
        await at.ask()
        assert at.desk.composer.answer_settings()["pace"] == LESSON < at.desk.composer.max_rate
        await at.play(6)
        await at.press("f")
        await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)
        studio.metronome.tick(8)
        await at.until(lambda: line(at) == LATE)
        assert not is_tour_done()
        await at.ready()
        await at.press("i")
        await at.until(lambda: line(at) == TYPING[LATE])
        assert "i, " not in line(at), "in TYPE an i is a letter"


def test_what_is_said_in_type_names_no_key_that_would_be_written() -> None:
    assert [words for words in TYPING.values() if "i, " in words or "i goes" in words] == []
    assert "tab, then x removes it" in TYPING[DONE]


async def test_another_model_needs_no_lesson() -> None:
    async with stage() as at:
        await at.ready()
        assert line(at) == ""
