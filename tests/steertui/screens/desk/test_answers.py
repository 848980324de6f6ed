"""Which answer a command acts on, and how much of it is kept."""

from __future__ import annotations

import pytest

from core.errors import UsageError
from sessions.state.state import AnswerToken, SessionState, Turn
from steertui.screens.desk import branches
from steertui.screens.desk.answers import current_answer, kept_text, stopped_answer

ANSWER = Turn(
    1, 0, "assistant", "Well,", gen=1, tokens=tuple(AnswerToken(n, f" {n}", 0.0, "") for n in range(4))
)
OTHER = Turn(2, 0, "assistant", gen=2)
ASKED = Turn(0, None, "user", "why?")
IDLE = SessionState(turns={0: ASKED, 1: ANSWER, 2: OTHER})


@pytest.mark.parametrize(
    ("tokens", "kept"), [(2, "Well, 0 1"), (4, "Well, 0 1 2 3"), (0, "Well,"), (-3, "Well,")]
)
def test_what_the_answer_began_with_is_kept_however_much_is_taken_back(tokens: int, kept: str) -> None:
    assert kept_text(ANSWER, tokens) == kept


@pytest.mark.parametrize("shown", [None, 0, 7])
def test_without_a_shown_answer_nothing_can_be_taken_back_or_continued(shown: int | None) -> None:
    with pytest.raises(UsageError, match="no answer to take back"):
        current_answer(IDLE, shown)
    with pytest.raises(UsageError, match="no answer that has stopped"):
        stopped_answer(IDLE, shown)


def test_the_shown_answer_is_meant() -> None:
    assert current_answer(IDLE, 1) is stopped_answer(IDLE, 1) is ANSWER


def test_branches_are_named_by_their_place_and_show_what_is_not_shared() -> None:
    assert branches.other_ends(IDLE, 1) == [2]
    beside = branches.branch_beside(IDLE, 1, 2)
    assert beside.title == "branch 2 of 2, beside 1 · A closes it"
    assert beside.turns == [OTHER]
