"""A change of the mixer is data, and the same act has the same words however it was made."""

from __future__ import annotations

import pytest

from core.mixer.mixer import Channel, Mixer
from sessions.state.mixer_changes import describe_change, mixer_changes
from sessions.state.mixer_words import short_words
from sessions.state.vector_facts import VectorFacts
from steertui.screens.desk.mixer import edits
from steertui.screens.desk.mixer.edits import MixerBoard

VECTOR = VectorFacts("loud", None, dict.fromkeys(range(10)), gaps=dict.fromkeys(range(10), 0.5))
RESIDUAL = dict.fromkeys(range(10), 2.0)


def board(**settings: object) -> MixerBoard:
    channel = Channel(VECTOR, **{"scale": 0.3, "layers": (3, 4, 5), **settings})  # type: ignore[arg-type]
    return MixerBoard(Mixer((channel,)), n_layers=10, residual=RESIDUAL)


EDITS = {
    "FLIP loud → −0.30 rel": edits.flip,
    "loud → muted": edits.mute,
    "loud → solo": edits.solo,
    "mixer → BYPASS": edits.bypass,
    "loud → +0.35 rel": lambda b: edits.step_channel_scale(b, 1, coarse=False),
    "loud → +0.125 rel": lambda b: edits.set_scale(b, 0.125),
    "loud → L2–6": lambda b: edits.resize_band(b, 1),
    "loud → ramp": edits.next_shape,
    "loud L4 → +0.50 rel": lambda b: edits.set_layer_scale(b, 4, 0.5),
    "loud L6 → +0.10 rel": lambda b: edits.set_layer_scale(b, 6, 0.1),
    "loud → +1.20 natural": edits.next_unit,
    "− loud": edits.remove_channel,
}


@pytest.mark.parametrize("words", EDITS)
def test_an_edit_of_the_desk_is_worded_as_the_engine_words_it(words: str) -> None:
    edit = EDITS[words](board())  # type: ignore[no-untyped-call]
    assert edit.words == words
    assert describe_change(board().mixer.to_json(), edit.board.mixer.to_json()) == words


def test_undoing_a_flip_is_a_flip() -> None:
    flipped = edits.flip(board(floor=0.5)).board.mixer.to_json()
    assert describe_change(flipped, board(floor=0.5).mixer.to_json()) == "FLIP loud → +0.30 rel, cap ≥ 0.5"


def test_a_change_that_follows_closely_shows_only_its_value() -> None:
    louder = edits.set_scale(board(), 0.5)
    capped = mixer_changes(board().mixer.to_json(), board(floor="p25", gain=0.0).mixer.to_json())
    assert short_words(louder.words, louder.changes) == "+0.50 rel"
    assert short_words(f"undo: {louder.words}", louder.changes) == "+0.50 rel"
    assert short_words("louder now", louder.changes) == "louder now"
    assert [change.kind for change in capped] == ["gain", "cap"]


def test_a_flip_has_no_short_form_whatever_it_was_called() -> None:
    flip = edits.flip(board())
    assert short_words(flip.words, flip.changes) == ""
    assert short_words("turn", flip.changes) == ""
