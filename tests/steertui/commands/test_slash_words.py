"""One slash language: the desk and the plain chat know the same table and read a line alike."""

from __future__ import annotations

import pytest

from core.errors import UsageError
from core.mixer.mixer import Channel, Mixer
from sessions.state.vector_facts import VectorFacts
from steertui.cli import chat_commands
from steertui.commands.slash_words import CHAT, DESK, SLASH_WORDS, words_at
from steertui.screens.desk.commands import slash_commands
from steertui.screens.desk.mixer.edits import MixerBoard
from steertui.screens.desk.mixer.typed_edits import typed_edit

PIRATE, POET = (VectorFacts(name, None, dict.fromkeys(range(8))) for name in ("pirate", "poet"))
BOARD = MixerBoard(Mixer((Channel(PIRATE, scale=0.3), Channel(POET, scale=0.1, flipped=True))), n_layers=8)


def test_a_word_works_where_the_table_says_so_and_nowhere_else() -> None:
    assert set(words_at(DESK)) == set(slash_commands.ACTS)
    assert set(words_at(CHAT)) == set(chat_commands.ACTS)
    assert set(SLASH_WORDS) == set(words_at(DESK)) | set(words_at(CHAT))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("scale", "0.5", "pirate → +0.50 rel"),
        ("scale", "2 0.5", "poet → +0.50 rel"),
        ("scale", "1 −0.5", "pirate → −0.50 rel"),
        ("flip", "", "FLIP pirate → −0.30 rel"),
        ("flip", "2", "FLIP poet → +0.10 rel"),
        ("gain", "1 off", "no change"),
        ("gain", "0", "pirate → gain ×0"),
        ("cap", ">0.5 <2", "pirate → cap ≥ 0.5 ≤ 2"),
        ("cap", "2 floor=0.5,ceiling=2", "poet → cap ≥ 0.5 ≤ 2"),
        ("band", "2 4-5", "poet → L4–5"),
        ("unit", "unit", "pirate → +0.30 unit"),
        ("mute", "2", "poet → muted"),
        ("remove", "2", "− poet"),
        ("bypass", "", "mixer → BYPASS"),
    ],
)
def test_a_line_is_an_edit_of_the_strip_that_it_names(name: str, text: str, words: str) -> None:
    assert typed_edit(BOARD, 0, name, text).words == words


@pytest.mark.parametrize(
    ("name", "text", "selected", "sentence"),
    [
        ("flip", "", None, "which channel. there are 2"),
        ("flip", "3", 0, "which channel. there are 2"),
        ("flip", "loudly", 0, r"write /flip \[N\]"),
        ("scale", "", 0, r"write /scale \[N\] X"),
        ("scale", "1 2 3", 0, r"write /scale \[N\] X"),
        ("scale", "nan", 0, "scale must be a finite number"),
        ("cap", "2", 0, "cannot read '2' as a cap"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(
    name: str, text: str, selected: int | None, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        typed_edit(BOARD, selected, name, text)
