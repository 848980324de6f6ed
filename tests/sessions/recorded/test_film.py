"""A film is what its journal says: every token once, at its pace, under the dials it was stamped with."""

from __future__ import annotations

import json

from sessions.export.playback import LONGEST_PAUSE
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.recorded.film import PlaybackMarker, build_playback


def desk(scale: float, **settings: object) -> dict[str, object]:
    return {"channels": [{"name": "calm", "scale": scale, "unit": "relative", **settings}]}


def take(*events: tuple[int, ev.Event]) -> tuple[JournalRecord, ...]:
    return tuple(JournalRecord(n, m, event) for n, (m, event) in enumerate(events))


TALK = take(
    (0, ev.SessionOpened(session="s", app="a", wall="w")),
    (5, ev.MixerChanged(rev=0, state=desk(0.5), mix="on", words="calm → +0.5")),
    (5, ev.TurnAdded(turn=0, text="hello")),
    (90, ev.AnswerStarted(gen=0, turn=1, parent=0, mix="on")),
    (100, ev.TokensGenerated(gen=0, i=0, ids=(1, 2), text=("I ", "am "), mix="on")),
    (50, ev.MeterReadings(gen=0, i=0, proj={"calm": (1.0, 2.0)})),
    (0, ev.MixerChanged(rev=1, state=desk(0.5, flipped=True), mix="off", gen=0, at=2, words="FLIP calm")),
    (50, ev.TokensGenerated(gen=0, i=2, ids=(3,), text=("not ",), mix="off")),
    (9_000, ev.TokensGenerated(gen=0, i=3, ids=(4,), text=("here",), mix="off")),
    (0, ev.AnswerStopped(gen=0, reason="eos", tokens=4)),
    (0, ev.TurnAdded(turn=2, parent=1, text="and?")),
    (0, ev.AnswerStarted(gen=1, turn=3, parent=2, mix="off")),
    (30, ev.TokensGenerated(gen=1, i=0, ids=(5,), text=("so",), mix="off")),
)


def test_every_token_of_the_talk_is_a_frame_in_order() -> None:
    assert [(frame.turn, frame.at, frame.token.text) for frame in build_playback(TALK).frames] == [
        (1, 0, "I "),
        (1, 1, "am "),
        (1, 2, "not "),
        (1, 3, "here"),
        (3, 0, "so"),
    ]


def test_a_line_shares_its_time_among_its_tokens_and_nobody_waits_long() -> None:
    assert [round(frame.gap, 3) for frame in build_playback(TALK).frames] == [
        0.1,
        0.1,
        0.1,
        LONGEST_PAUSE,
        0.03,
    ]


def test_dials_are_read_off_the_stamps_of_the_tokens() -> None:
    assert build_playback(TALK).scales == {"calm": (0.5, 0.5, -0.5, -0.5, -0.5)}


def test_a_channel_that_is_not_heard_reads_zero() -> None:
    for settings in ({"muted": True}, {"bypassed": True}):
        state = desk(0.5, **settings) | settings
        records = (*TALK[:1], JournalRecord(1, 0, ev.MixerChanged(rev=0, state=state, mix="on")), *TALK[2:6])
        assert build_playback(records).scales == {"calm": (0.0, 0.0)}


def test_changes_stand_before_their_token_and_measures_on_theirs() -> None:
    assert build_playback(TALK).markers == (
        PlaybackMarker(0, "calm +0.5 relative default band"),
        PlaybackMarker(2, "FLIP calm"),
        PlaybackMarker(4, "calm -0.5 relative default band flip"),
    )
    assert build_playback(TALK).projections("calm") == (1.0, 2.0, None, None, None)


def test_a_branch_is_made_at_the_token_that_comes_next() -> None:
    tape = build_playback(TALK)
    assert [tape.branch_point(place) for place in (1, 2, 4, 5)] == [(1, 1), (1, 2), (1, None), (3, None)]


def test_of_two_answers_the_one_on_the_way_is_shown() -> None:
    again = (
        *TALK,
        JournalRecord(99, 0, ev.AnswerStarted(gen=2, turn=4, parent=0, mix="on")),
        JournalRecord(100, 10, ev.TokensGenerated(gen=2, i=0, ids=(9,), text=("Well",), mix="on")),
    )
    assert [frame.token.text for frame in build_playback(again).frames] == ["Well"]
    assert len(build_playback(again, 3)) == 5


def test_nothing_said_is_an_empty_film() -> None:
    assert len(build_playback(TALK[:2])) == 0
    assert json.dumps(build_playback(()).scales) == "{}"
