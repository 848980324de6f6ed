"""What is said of a finished answer, and where it stands in the session."""

from __future__ import annotations

from typing import Any

from sessions.answers.finished_answer import quality_flags
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.state.fold import fold_all


def flags(ids: list[int], stop: str, text: str = "a", **settings: str) -> dict[str, Any]:
    return quality_flags("What now?", settings, ids, [text] * len(ids), stop)


def test_flags_say_what_is_wrong() -> None:
    sound, loop = list(range(80)), [1, 2] * 40
    assert flags(sound, "eos") == {}
    assert flags(sound, "length") == flags(sound, "context") == {"truncated": True}
    assert flags(loop, "eos")["collapsed"]["reason"] == "loop"
    assert flags(loop, "length").keys() == {"collapsed", "truncated"}
    assert flags([], "eos") == {"empty": True}


def test_letters_that_the_prompt_or_the_system_text_uses_are_not_foreign() -> None:
    assert flags(list(range(80)), "eos", "ж")["collapsed"]["reason"] == "writing system"
    assert flags(list(range(80)), "eos", "ж", system="Говори по-русски.") == {}


def test_an_answer_is_a_tree_of_its_own_and_leaves_the_conversation_alone() -> None:
    system = {"role": "system", "content": "Be brief."}
    asked = {"role": "user", "content": "And?"}
    answer = ev.LaneAnswered(
        gen=1,
        turn=4,
        number=0,
        prompt=[system, asked],
        dose=2.0,
        text="So.",
        token_ids=(5, 6),
        pieces=("S", "o."),
        lp=(-1.0, -2.0),
        entropy=(0.5, 0.25),
        stop="length",
        settings={"seed": 3},
        mix="abcd",
    )
    before = [
        ev.TurnAdded(turn=0, text="hello"),
        ev.AnswerStarted(gen=0, turn=1, parent=0),
        ev.AnswerStopped(gen=0, reason="eos", tokens=0),
    ]
    state = fold_all(JournalRecord(n, 0, event) for n, event in enumerate([*before, answer]))
    assert state.head == 1
    assert [(turn.role, turn.text) for turn in state.path(4)] == [
        ("system", "Be brief."),
        ("user", "And?"),
        ("assistant", "So."),
    ]
    turn = state.turns[4]
    assert (turn.gen, turn.stop, turn.parent, turn.settings) == (1, "length", 3, {"seed": 3})
    assert [(token.id, token.lp, token.values["entropy"]) for token in turn.tokens] == [
        (5, -1.0, 0.5),
        (6, -2.0, 0.25),
    ]
    alone = fold_all([JournalRecord(0, 0, answer)])
    assert alone.head == 4
