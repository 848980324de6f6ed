"""The key modes without a screen: what is posted when an answer begins, ends, and a key is pressed."""

from __future__ import annotations

import pytest
from textual.events import Key
from textual.message import Message

from steertui.screens.desk.key_modes import PLAY, TYPE, KeyModes
from steertui.screens.notices import ScreenNotice

LETTER = Key("q", "q")


def modes() -> tuple[KeyModes, list[Message]]:
    posted: list[Message] = []
    return KeyModes(posted.append), posted


def entered(posted: list[Message]) -> list[str]:
    return [message.mode for message in posted if isinstance(message, KeyModes.Entered)]


@pytest.mark.parametrize(
    ("mode", "prompt", "expected"), [(TYPE, "", [PLAY]), (TYPE, "half a word", []), (PLAY, "", [])]
)
def test_an_answer_brings_play_unless_somebody_types(mode: str, prompt: str, expected: list[str]) -> None:
    keys, posted = modes()
    keys.on_answer_start(mode, prompt)
    assert entered(posted) == expected


@pytest.mark.parametrize(("mode", "free"), [(TYPE, True), (PLAY, False)])
def test_play_stays_where_something_else_is_going_on(mode: str, free: bool) -> None:
    keys, posted = modes()
    keys.on_answer_start(TYPE, "")
    keys.return_to_type(mode, free=free)
    assert entered(posted) == [PLAY]
    keys.return_to_type(PLAY, free=True)
    assert entered(posted) == [PLAY, TYPE]


def test_play_that_the_user_chose_stays() -> None:
    keys, posted = modes()
    keys.return_to_type(PLAY, free=True)
    keys.on_answer_start(TYPE, "")
    keys.choose_type()
    keys.return_to_type(PLAY, free=True)
    assert entered(posted) == [PLAY]


@pytest.mark.parametrize(("bound", "expected"), [(True, [PLAY]), (False, [PLAY, TYPE])])
def test_a_play_key_keeps_play_and_another_letter_does_not(bound: bool, expected: list[str]) -> None:
    keys, posted = modes()
    keys.on_answer_start(TYPE, "")
    keys.on_play_key(LETTER, bound=bound)
    keys.return_to_type(PLAY, free=True)
    assert entered(posted) == expected


def test_a_letter_without_a_meaning_is_explained() -> None:
    keys, posted = modes()
    keys.on_play_key(LETTER, bound=False)
    assert [message.sentence for message in posted if isinstance(message, ScreenNotice)] == [
        "q is not a PLAY key: ? shows the map, i goes to the prompt"
    ]
