"""What hands do to an answer and to the dials: taking tokens back, throwing something in, undo and redo."""

from __future__ import annotations

import pytest

from core.mixer.mixer import Channel, Mixer
from sessions.state.vector_facts import VectorFacts
from steertui import paths
from steertui.screens.desk.dialogs.distractor import ENGLISH, FILE
from steertui.screens.desk.mixer.history import EditHistory
from tests.steertui.app.stage import Stage, stage
from tests.steertui.hostile import EVERY_HOSTILE, talks_to_terminal
from tests.steertui.scripted_engine import Studio, words

pytestmark = pytest.mark.anyio


def spoken(at: Stage) -> str:
    return at.desk.transcript.document.last_answer()


def brief() -> Studio:
    studio = Studio(words("short answer"))
    studio.loaded.set()
    return studio


async def answered(at: Stage, text: str = "one") -> None:
    at.desk.prompt.focus()
    await at.ask(text)
    at.studio.metronome.tick(2)
    await at.ready()


def heard(at: Stage) -> list[list[dict[str, str]]]:
    return at.studio.instrument.heard if at.studio.instrument else []


# Rewind ---------------------------------------------------------------------------------------------------------


async def test_tokens_are_taken_back_in_mid_answer_and_it_goes_on() -> None:
    async with stage() as at:
        await at.ask()
        await at.play(5)
        await at.press("space")
        at.studio.metronome.tick(1)
        await at.until(lambda: at.word == "paused")
        await at.press("backspace", *"3", "enter")
        await at.until(lambda: any("3 tokens taken back" in marker.text for marker in at.markers))
        assert spoken(at) == "I will not"
        await at.press("space")
        await at.until(lambda: at.word == "generating")
        await at.play(2)
        assert spoken(at).startswith("I will not give up")


async def test_the_last_number_is_offered_and_repeated() -> None:
    async with stage() as at:
        await at.ask()
        await at.play(8)
        await at.press("backspace", *"2", "enter")
        at.studio.metronome.tick(1)
        await at.until(lambda: sum("taken back" in m.text for m in at.markers) == 1)
        await at.press("B")
        at.studio.metronome.tick(1)
        await at.until(lambda: sum("2 tokens taken back" in m.text for m in at.markers) == 2)


async def test_after_the_end_another_answer_goes_on_from_the_words_that_are_kept() -> None:
    async with stage(brief()) as at:
        await answered(at)
        await at.press("tab", "backspace", *"1", "enter")
        await at.until(lambda: at.studio.instrument and len(at.studio.instrument.settings) == 2)
        assert at.studio.instrument is not None
        assert at.studio.instrument.settings[-1] == {"prefill": "short"}
        at.studio.metronome.tick(2)
        await at.ready()
        answers = [turn.text for turn in at.desk.link.state.turns.values() if turn.role == "assistant"]
        assert answers == ["short answer", "shortshort answer"]


async def test_without_an_answer_there_is_nothing_to_take_back() -> None:
    async with stage() as at:
        await at.ready()
        await at.press("tab", "backspace")
        await at.until(lambda: any("no answer to take back" in toast for toast in at.toasts))


# Distractors ------------------------------------------------------------------------------------------------------


async def throw(at: Stage, text: str, *ways: str) -> None:
    await at.press("d", *text, "enter", *ways, "enter")


async def test_own_words_now_and_the_same_again() -> None:
    async with stage() as at:
        await at.ask()
        await at.play(3)
        await throw(at, "Hm!", "down")
        at.studio.metronome.tick(1)
        await at.until(lambda: sum("DISTRACTOR as the model's own words" in m.text for m in at.markers) == 1)
        await at.press("D")
        at.studio.metronome.tick(1)
        await at.until(lambda: sum("DISTRACTOR" in m.text for m in at.markers) == 2)


@pytest.mark.parametrize(("downs", "who"), [(0, "you"), (2, "tool")])
async def test_a_turn_thrown_into_an_answer_has_its_speaker_also_when_it_is_drawn_again(
    downs: int, who: str
) -> None:
    async with stage() as at:
        await at.ask()
        await at.play(3)
        await throw(at, "parade", *["down"] * downs)
        at.studio.metronome.tick(1)
        await at.until(lambda: any("DISTRACTOR" in marker.text for marker in at.markers))
        at.studio.metronome.tick(1000)
        await at.ready()
        assert spoken(at) == "".join(at.studio.script), "the answer is one, whoever spoke in it"
        live = [line.gutter + line.text for line in at.desk.transcript.sheet.lines]
        assert at.desk.composer.last_distractor is not None
        assert f"{who:5}{at.desk.composer.last_distractor.text}" in live
        assert sum(row.startswith("asst ") for row in live) == 2
        at.desk.feed.show_turn(at.desk.feed.shown_turn, at.desk.link.state)
        at.desk.feed.flush()
        again = [line.gutter + line.text for line in at.desk.transcript.sheet.lines]
        assert again == live[: len(again)], "all but the note that it was stopped"


@pytest.mark.parametrize(("downs", "role", "label"), [(0, "user", "a user turn"), (2, "tool", "tool output")])
async def test_between_answers_it_is_the_next_turn_and_marked(downs: int, role: str, label: str) -> None:
    async with stage(brief()) as at:
        await answered(at)
        await at.press("tab")
        await throw(at, "parade", *["down"] * downs)
        await at.until(lambda: len(heard(at)) == 2)
        assert heard(at)[-1][-1]["role"] == role
        assert "parade" in heard(at)[-1][-1]["content"]
        assert any(marker.text == f"DISTRACTOR as {label}" for marker in at.markers)
        at.studio.metronome.tick(2)
        await at.ready()


async def test_between_answers_the_list_says_that_it_is_answered_at_once() -> None:
    async with stage(brief()) as at:
        await answered(at)
        await at.press("tab", "d", *"parade", "enter")
        await at.sees("at once, as a user turn", "it is answered now", "its next answer begins with it")


async def test_now_after_the_answer_has_ended_begins_no_other_but_asks_again() -> None:
    async with stage(brief()) as at:
        await at.ask()
        await at.press("d", *"parade", "enter")
        await at.sees("now, as a user turn")
        at.studio.metronome.tick(2)
        await at.until(lambda: at.desk.link.state.running is None)
        await at.press("enter")
        await at.sees("at once, as a user turn")
        assert any("the answer has ended" in toast for toast in at.toasts)
        assert len(heard(at)) == 1
        await at.press("enter")
        await at.until(lambda: len(heard(at)) == 2)
        at.studio.metronome.tick(2)
        await at.ready()


async def test_own_words_at_the_next_turn_begin_the_next_answer_once() -> None:
    async with stage(brief()) as at:
        await answered(at)
        await at.press("tab")
        await throw(at, "cafe", "down")
        await at.sees("begins “By the way, did you see the new cafe?”")
        await answered(at, "two")
        await answered(at, "three")
        assert at.studio.instrument is not None
        prefills = [settings.get("prefill") for settings in at.studio.instrument.settings]
        assert prefills == [None, "By the way, did you see the new cafe?", None]


async def test_in_mid_answer_it_can_wait_for_the_next_turn() -> None:
    async with stage(brief()) as at:
        await at.ask()
        await at.play(1)
        await throw(at, "kitten", "down", "down", "down")
        await at.until(lambda: at.desk.feed.waiting_items)
        at.studio.metronome.tick(3)
        await at.ready()
        assert heard(at)[-1][-1]["content"] == "Forget that, tell me about the kitten."


async def test_the_users_own_list_comes_first() -> None:
    (paths.config_folder() / FILE).write_text("# mine\nA bell rings.\n\nA bell rings.\n", "utf-8")
    async with stage(brief()) as at:
        await answered(at)
        await at.press("tab", "d")
        await at.sees("A bell rings.", "yours")
        assert sum("A bell rings." in row for row in at.drawn()) == 1


async def test_a_distractor_and_its_ways_are_shown_whole() -> None:
    async with stage(brief()) as at:
        await answered(at)
        await at.press("tab", "d")
        await at.sees(*ENGLISH, "demo world")
        await at.press("enter")
        await at.sees("next turn, as the model's own words", "its next answer begins with it")


async def test_a_hostile_list_is_only_drawn() -> None:
    (paths.config_folder() / FILE).write_text(EVERY_HOSTILE, "utf-8", errors="surrogatepass")
    async with stage(brief()) as at:
        await answered(at)
        await at.press("tab", "d")
        await at.pilot.pause()
        assert not talks_to_terminal("\n".join(at.drawn()))
        await at.press("enter", "enter")
        await at.until(lambda: len(heard(at)) == 2)
        await at.pilot.pause()
        assert not talks_to_terminal("\n".join(at.drawn()))
        at.studio.metronome.tick(2)
        await at.ready()


# Undo and redo ----------------------------------------------------------------------------------------------------


def mixer(*scales: float) -> Mixer:
    vector = VectorFacts("v", "1" * 64, dict.fromkeys(range(3)))
    return Mixer(tuple(Channel(vector, scale=scale) for scale in scales))


def test_history_goes_back_and_forth_and_a_new_movement_ends_the_future() -> None:
    history = EditHistory().record_edit(mixer(0), "a", 0).record_edit(mixer(1), "b", 1)
    back = history.undo(mixer(2))
    assert back is not None
    assert back[0] == mixer(1)
    forth = back[1].redo(mixer(1))
    assert forth is not None
    assert forth[0] == mixer(2)
    assert back[1].record_edit(mixer(1), "c", 2).redo(mixer(9)) is None


def test_one_movement_of_the_hand_is_one_step() -> None:
    history = EditHistory()
    for step in range(10):
        history = history.record_edit(mixer(step), "scale", step / 10)
    assert history.past == (mixer(0),)
    assert len(history.record_edit(mixer(10), "scale", 60).past) == 2
    assert len(history.record_edit(mixer(10), "", 1).past) == 2


def test_a_movement_that_was_refused_is_passed_over() -> None:
    history = EditHistory().record_edit(mixer(0), "a", 0).record_edit(mixer(1), "b", 5)
    back = history.undo(mixer(1))
    assert back is not None
    assert back[0] == mixer(0)
    assert EditHistory().undo(mixer()) is None


async def test_undo_and_redo_reach_the_model() -> None:
    async with stage() as at:
        await at.add("pirate")
        scale = at.desk.mixer_panel.board.channel.scale
        await at.press("right_square_bracket", "right_square_bracket", "f", "m")
        await at.press("z", "z")
        channel = at.desk.mixer_panel.board.channel
        assert (channel.muted, channel.flipped) == (False, False)
        await at.press("z")
        assert at.desk.mixer_panel.board.channel.scale == pytest.approx(scale)
        await at.press("Z", "Z")
        assert at.desk.mixer_panel.board.channel.flipped
        await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)
        assert at.desk.link.state.mixer.state["channels"][0]["flipped"]


async def test_a_strip_that_was_taken_out_comes_back() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("delete")
        assert not at.desk.mixer_panel.board.mixer.channels
        await at.press("z")
        assert at.desk.mixer_panel.board.channel.label == "pirate"
        await at.press("z", "z")
        await at.until(lambda: any("nothing to undo" in toast for toast in at.toasts))


async def test_an_undo_in_mid_answer_is_marked_at_its_token() -> None:
    async with stage() as at:
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask()
        await at.play(2)
        await at.press("f")
        await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)
        await at.play(2)
        await at.press("z")
        await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)
        await at.play(3)
        assert [marker.text for marker in at.markers][-1] == "undo: FLIP pirate → +0.30 rel"
