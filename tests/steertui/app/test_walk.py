"""The real app in a real terminal, on a real engine with the demo model: a talk steered, left, found again and rescued.

What a hand does stands on the screen and in the journal, at the same token in both.
"""

from __future__ import annotations

import os
import re
import signal

import pytest

from sessions.journal import events as ev
from tests.steertui.app.walk import (
    ASKED,
    CTRL_Q,
    CTRL_R,
    ENTER,
    ESC,
    FAST,
    SLOW,
    Walk,
    walk,
)

pytestmark = pytest.mark.usefixtures("no_engine_stays")
TINY, USUAL = (10, 40), (36, 120)

FLIPPED = "FLIP determined-drifting"


def every_key_acts_on_the_next_token(at: Walk, gen: int) -> None:
    """`n` tokens are out when a key arrives: it acts on token n, or on n + 1 when the pass of n has begun."""
    keys = {2: "]", 4: "[", 6: "]", 8: "f"}
    for pressed, (tokens, key) in enumerate(keys.items()):
        at.spoke(gen, tokens)
        at.press(key)
        at.at.until(lambda before=pressed: len(dials(at, gen)) > before)
    for said, dial in dials(at, gen):
        assert said <= dial.at <= said + 1
    assert at.channel["flipped"]


def dials(at: Walk, gen: int) -> list[tuple[int, ev.MixerChanged]]:
    """What was turned in mid-answer, each with the number of tokens that were out before it."""
    said, turned = 0, []
    for record in at.records:
        match record.event:
            case ev.TokensGenerated(gen=answer, i=first, ids=ids) if answer == gen:
                said = first + len(ids)
            case ev.MixerChanged(gen=answer, at=place) if answer == gen and place > 0:
                turned.append((said, record.event))
    return turned


def every_token_was_made_under_the_mixer_of_its_place(at: Walk, gen: int) -> None:
    stamps = [token.mix for token in at.turn(gen).tokens]
    for _, dial in dials(at, gen):
        assert stamps[dial.at] == dial.mix != stamps[dial.at - 1]


def the_flip_is_marked_and_changed_the_text(at: Walk, gen: int, whole: str) -> None:
    """What was said before it stays, what comes after is another."""
    flip = dials(at, gen)[-1][1]
    assert flip.words.startswith(FLIPPED)
    changed = at.turn(gen).text
    before = "".join(token.text for token in at.turn(gen).tokens[: flip.at])
    assert changed.startswith(before)
    assert not whole.startswith(" ".join(changed.split()))
    after = changed.removeprefix(before)
    at.at.until(lambda: letters(at.page.rpartition(f"◆ {FLIPPED}")[2]).startswith(letters(after)))
    above, _, below = at.page.rpartition(f"◆ {FLIPPED}")
    assert letters(above).endswith(letters(before))
    assert f"t {flip.at} " in below


def letters(page: str) -> str:
    """What was spoken, without the small markers inside it, the end of a marker's line and any space."""
    spoken = re.sub(r"⟨[^⟩]*⟩|.*─ t \d+ ", " ", page)
    return "".join(spoken.split())


def leaves(at: Walk) -> None:
    at.press(CTRL_Q)
    at.sees("the engine goes on")
    at.press(ENTER)
    assert at.at.leave() == 0


def shrinks_and_grows_in_mid_answer(at: Walk) -> None:
    gen = at.again()
    at.spoke(gen, 2)
    at.at.resize(*TINY)
    at.sees("terminal too small: 40×10")
    seen = len(at.turn(gen).tokens)
    at.spoke(gen, seen + 3)
    at.at.resize(*USUAL)
    at.sees("strips", "bank", "1 determined")
    said = at.ended(gen)
    at.reads(said)


def loses_the_engine_and_starts_it_again(at: Walk) -> None:
    gen = at.again()
    at.spoke(gen, 4)
    session, mixer, first = at.state.session, at.mixer.state, at.engine.pid
    seen = "".join(token.text for token in at.turn(gen).tokens[:4]).strip()
    at.reads(seen)
    os.kill(first, signal.SIGKILL)
    at.sees("The engine is gone; the transcript is safe")
    assert seen in at.page
    at.press(CTRL_R)
    at.sees("IDLE", "the engine was lost", seconds=120)
    assert at.engine.pid != first
    assert at.state.session == session
    assert at.state.mixer.state == mixer
    assert [event.session for event in at.events(ev.SessionOpened)] == [session, session]
    said = " ".join(at.turn(gen).text.split())
    assert said.startswith(seen)
    at.reads(said)
    at.sees("1 determined", f"{at.channel['scale']:+.2f} natural")
    at.ended(at.again())
    assert at.events(ev.AnswerStarted)[-1].mix == at.events(ev.AnswerStarted)[-2].mix


def steered_and_left(at: Walk) -> tuple[int, str]:
    """From the first message to an answer that is being spoken while nobody looks; and what it was without hands."""
    at.ready()
    at.paces(FAST)
    plain = at.ended(at.says(ASKED))
    at.reads(plain)
    at.loads_a_vector_and_raises_it()
    whole = at.ended(at.again())
    at.paces(SLOW)
    gen = at.again()
    every_key_acts_on_the_next_token(at, gen)
    leaves(at)
    assert not at.turn(gen).stop, "the answer was over before the hands had left"
    return gen, whole


def comes_back(at: Walk, gen: int, whole: str) -> None:
    """Every token that was spoken meanwhile is on the page, and the answer still goes on."""
    at.spoke(gen, len(at.turn(gen).tokens) + 3)
    at.press(ESC)
    at.ended(gen)
    at.sees("1 determined")
    at.reads(f"◆ {FLIPPED}")
    every_token_was_made_under_the_mixer_of_its_place(at, gen)
    the_flip_is_marked_and_changed_the_text(at, gen, whole)


def test_keys_act_on_the_next_token_and_the_answer_goes_on_while_nobody_looks() -> None:
    with walk() as at:
        gen, whole = steered_and_left(at)
    with walk("attach") as at:
        comes_back(at, gen, whole)


@pytest.mark.slow
def test_a_window_shrinks_in_mid_answer_and_an_engine_is_lost_in_mid_answer() -> None:
    with walk() as at:
        at.ready()
        at.paces(FAST)
        at.ended(at.says(ASKED))
        at.loads_a_vector_and_raises_it()
        at.paces(SLOW)
        shrinks_and_grows_in_mid_answer(at)
        loses_the_engine_and_starts_it_again(at)
