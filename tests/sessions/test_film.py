"""A film is what its journal says: every token once, at its pace, under the dials it was stamped with."""

from __future__ import annotations

import json

from sessions.export.playback import LONGEST_PAUSE
from sessions.journal import events as ev
from sessions.journal.codec import Record
from sessions.recorded.film import Cut, film


def desk(scale: float, **settings: object) -> dict[str, object]:
    return {"channels": [{"name": "calm", "scale": scale, "unit": "relative", **settings}]}


def take(*events: tuple[int, ev.Event]) -> tuple[Record, ...]:
    return tuple(Record(n, m, event) for n, (m, event) in enumerate(events))


TALK = take(
    (0, ev.Open(session="s", app="a", wall="w")),
    (5, ev.Mixer(rev=0, state=desk(0.5), mix="on", words="calm → +0.5")),
    (5, ev.Turn(turn=0, text="hello")),
    (90, ev.Gen(gen=0, turn=1, parent=0, mix="on")),
    (100, ev.Tok(gen=0, i=0, ids=(1, 2), text=("I ", "am "), mix="on")),
    (50, ev.Meter(gen=0, i=0, proj={"calm": (1.0, 2.0)})),
    (0, ev.Mixer(rev=1, state=desk(0.5, flipped=True), mix="off", gen=0, at=2, words="FLIP calm")),
    (50, ev.Tok(gen=0, i=2, ids=(3,), text=("not ",), mix="off")),
    (9_000, ev.Tok(gen=0, i=3, ids=(4,), text=("here",), mix="off")),
    (0, ev.Stop(gen=0, reason="eos", tokens=4)),
    (0, ev.Turn(turn=2, parent=1, text="and?")),
    (0, ev.Gen(gen=1, turn=3, parent=2, mix="off")),
    (30, ev.Tok(gen=1, i=0, ids=(5,), text=("so",), mix="off")),
)


def test_every_token_of_the_talk_is_a_frame_in_order() -> None:
    assert [(frame.turn, frame.at, frame.token.text) for frame in film(TALK).frames] == [
        (1, 0, "I "),
        (1, 1, "am "),
        (1, 2, "not "),
        (1, 3, "here"),
        (3, 0, "so"),
    ]


def test_a_line_shares_its_time_among_its_tokens_and_nobody_waits_long() -> None:
    assert [round(frame.gap, 3) for frame in film(TALK).frames] == [0.1, 0.1, 0.1, LONGEST_PAUSE, 0.03]


def test_dials_are_read_off_the_stamps_of_the_tokens() -> None:
    assert film(TALK).dials == {"calm": (0.5, 0.5, -0.5, -0.5, -0.5)}


def test_a_channel_that_is_not_heard_reads_zero() -> None:
    for settings in ({"muted": True}, {"bypassed": True}):
        state = desk(0.5, **settings) | settings
        records = (*TALK[:1], Record(1, 0, ev.Mixer(rev=0, state=state, mix="on")), *TALK[2:6])
        assert film(records).dials == {"calm": (0.0, 0.0)}


def test_changes_stand_before_their_token_and_measures_on_theirs() -> None:
    assert film(TALK).cuts == (
        Cut(0, "calm +0.5 relative default band"),
        Cut(2, "FLIP calm"),
        Cut(4, "calm -0.5 relative default band flip"),
    )
    assert film(TALK).projections("calm") == (1.0, 2.0, None, None, None)


def test_a_branch_is_made_at_the_token_that_comes_next() -> None:
    tape = film(TALK)
    assert [tape.where(place) for place in (1, 2, 4, 5)] == [(1, 1), (1, 2), (1, None), (3, None)]


def test_of_two_answers_the_one_on_the_way_is_shown() -> None:
    again = (
        *TALK,
        Record(99, 0, ev.Gen(gen=2, turn=4, parent=0, mix="on")),
        Record(100, 10, ev.Tok(gen=2, i=0, ids=(9,), text=("Well",), mix="on")),
    )
    assert [frame.token.text for frame in film(again).frames] == ["Well"]
    assert len(film(again, 3)) == 5


def test_nothing_said_is_an_empty_film() -> None:
    assert len(film(TALK[:2])) == 0
    assert json.dumps(film(()).dials) == "{}"
