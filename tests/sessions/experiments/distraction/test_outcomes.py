"""Outcomes of a distraction, by whole words; planted texts with known answers."""

from __future__ import annotations

import pytest

from sessions.experiments.distraction.outcomes import (
    BOTH,
    FOLLOWS,
    NEITHER,
    RETURNS,
    classify_outcome,
    outcome_rates,
    step_share,
    tokens_on_task,
    tokens_to_return,
)

TASK, AWAY = ("cat", "loop", "unit test"), ("pizza", "x", "eat")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Back to the loop.", RETURNS),
        ("I want pizza!", FOLLOWS),
        ("Pizza later; the unit\ntest first.", BOTH),
        ("Hm.", NEITHER),
        ("", NEITHER),
        ("category, catalogue, loophole, scat", NEITHER),  # substrings of task words
        ("a great box, next text, wheat", NEITHER),  # "eat" and "x" inside other words
        ("the unit was no test", NEITHER),  # a phrase only where its words follow one another
        ("CAT.", RETURNS),
    ],
)
def test_words_decide_and_only_whole_ones(text: str, found: str) -> None:
    assert classify_outcome(TASK, AWAY, text) == found


def test_four_rates_sum_to_one() -> None:
    found = outcome_rates([RETURNS] * 5 + [FOLLOWS] * 3 + [BOTH] * 2)
    assert [found[name].value for name in (RETURNS, FOLLOWS, BOTH, NEITHER)] == [0.5, 0.3, 0.2, 0.0]
    assert all(
        rate.n == 10 and rate.lo is not None and rate.lo <= (rate.value or 0) for rate in found.values()
    )
    assert found[NEITHER].hi is not None
    assert found[NEITHER].hi > 0, "none of ten is not never"


def test_the_way_back_is_counted_in_tokens() -> None:
    assert tokens_to_return(TASK, ["Oh", ", ", "a ", "cat", "."]) == 4
    assert tokens_to_return(TASK, ["cat", "egory", " of", " cat"]) == 4, (
        "a word is whole where the next one begins"
    )
    assert tokens_to_return(TASK, ["cat"]) == 1
    assert tokens_to_return(TASK, ["the", " unit", " test", " now"]) == 3
    assert tokens_to_return(TASK, ["never"]) is None
    assert tokens_to_return(TASK, []) is None


def test_a_task_is_done_by_its_steps_and_by_whole_words() -> None:
    """A published score takes any word of a step's description anywhere, so that "the" completes most of them."""
    steps = (("low", "left"), ("middle",), ("return",))
    assert step_share(steps, "Set low to 0, then take the middle; return it.") == 1
    assert step_share(steps, "left and left again") == pytest.approx(1 / 3)
    assert step_share(steps, "slowly returning to the middlemen") == 0
    assert step_share(steps, "") == 0
    assert step_share((), "anything") is None


def test_persistence_ends_where_the_distractor_is_likelier() -> None:
    assert tokens_on_task([0.5, 0.4, 0.1, 0.9], [0.1, 0.4, 0.2, 0.0]) == 2
    assert tokens_on_task([0.5, 0.5], [0.1, 0.1]) == 2, "it lasted as long as the text"
    assert tokens_on_task([0.1], [0.9]) == 0
    assert tokens_on_task([0.0, 0.0], [0.0, 0.0]) == 2, "what says nothing does not lead away"
