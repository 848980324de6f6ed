"""The fold, event by event: what an engine that was lost leaves behind, and what a rewind takes along."""

from __future__ import annotations

from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.state.fold import fold_all
from sessions.state.state import SessionState


def folded(*events: ev.Event) -> SessionState:
    return fold_all(JournalRecord(number, 0, event) for number, event in enumerate(events))


def opened() -> ev.SessionOpened:
    return ev.SessionOpened(session="S", app="test", wall="")


ASKED = (
    ev.TurnAdded(turn=0, parent=None, role="user", text="hello"),
    ev.AnswerStarted(gen=0, turn=1, parent=0),
)


def tokens(start: int, count: int) -> ev.TokensGenerated:
    ids = tuple(range(start, start + count))
    return ev.TokensGenerated(gen=0, i=start, ids=ids, text=tuple("x" * count), lp=(-1.0,) * count, mix="m")


def test_an_answer_of_a_lost_engine_is_over_when_the_next_one_opens_the_session() -> None:
    state = folded(opened(), *ASKED, tokens(0, 3))
    assert (state.word, state.running is None, state.turns[1].stop) == ("generating", False, None)
    state = folded(opened(), *ASKED, tokens(0, 3), opened())
    assert (state.word, state.running, state.turns[1].stop) == ("idle", None, "lost")
    assert len(state.turns[1].tokens) == 3


def test_an_answer_that_had_ended_keeps_its_reason_when_the_session_is_opened_again() -> None:
    ended = ev.AnswerStopped(gen=0, reason="eos", tokens=3)
    assert folded(opened(), *ASKED, tokens(0, 3), ended, opened()).turns[1].stop == "eos"


def test_a_rewind_keeps_a_marker_at_its_cut_and_drops_those_behind_it() -> None:
    marks = [ev.MarkAdded(label=f"at {at}", gen=0, at=at) for at in (1, 2, 3)]
    state = folded(opened(), *ASKED, tokens(0, 4), *marks, ev.AnswerRewound(gen=0, to=2, dropped=2))
    assert [marker.words for marker in state.turns[1].markers] == ["at 1", "at 2", "2 tokens taken back"]
    assert [token.id for token in state.turns[1].tokens] == [0, 1]
