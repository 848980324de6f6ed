"""The signs of collapse of an answer, each planted, and each dark where it has no reason."""

from __future__ import annotations

import pytest

from core.collapse.collapse import (
    CERTAIN,
    AnswerEvidence,
    answer_flags,
    find_collapse,
    is_certain,
)
from tests.core.collapse.collapse_texts import REAL_LOOPS, greedy_answers, ordinary_texts

SOUND = list(range(100, 180))


def test_null_a_sound_answer_has_no_flags() -> None:
    measured = {"entropies": [1.0] * 80, "unsteered": [1.5] * 80}
    assert answer_flags(SOUND, texts=[" word"] * 80, given=["Say it."], **measured) == {}
    assert answer_flags([]) == {}


def test_a_loop_is_told_with_period_and_token() -> None:
    flags = answer_flags([*SOUND, *[1, 2, 3, 4, 5] * 20])
    assert flags["collapsed"]["reason"] == "loop"
    assert flags["collapsed"]["period"] == 5
    # p + 24 tokens of loop, less the one of 24 that may differ.
    assert flags["collapsed"]["at"] == len(SOUND) + 28 - 1
    assert flags["collapsed"]["words"] == "the text loops with a period of 5 tokens"
    assert answer_flags([7] * 40)["collapsed"]["words"] == "the text repeats one token"


def test_a_loop_that_ended_is_told_too() -> None:
    found = find_collapse(AnswerEvidence([*[9] * 40, *SOUND]))
    assert found is not None
    assert (found.period, found.at) == (1, 24)


def test_certainty_needs_an_unsteered_model_that_is_not_certain() -> None:
    certain = [0.01] * CERTAIN
    assert is_certain(certain, [1.0] * CERTAIN)
    assert is_certain(certain, [1.0, 0.0] * (CERTAIN // 2))
    assert not is_certain(certain, [0.01] * CERTAIN)
    assert not is_certain(certain, [1.0, 0.0, 0.0] * CERTAIN)
    assert not is_certain(certain, [])
    assert not is_certain(certain, [None] * CERTAIN)
    assert not is_certain([*certain[1:], 0.2], [1.0] * CERTAIN)
    assert not is_certain(certain[1:], [1.0] * CERTAIN)


def test_certainty_waits_for_no_measurement_that_is_still_to_come() -> None:
    assert is_certain([*[0.01] * CERTAIN, None, None], [*[1.0] * CERTAIN, None, None])


def test_certainty_is_told_with_its_token() -> None:
    found = find_collapse(AnswerEvidence(SOUND, entropies=[*[1.0] * 20, *[0.0] * 60], unsteered=[1.0] * 80))
    assert found is not None
    assert (found.reason, found.at) == ("certainty", 20 + CERTAIN - 1)


def test_a_foreign_writing_system_is_told_with_its_name() -> None:
    texts = [*[" word"] * 20, *[" слово"] * 60]
    flags = answer_flags(SOUND, texts=texts, given=["Say it.", "Be kind."])
    assert flags["collapsed"] | {"words": ""} == {
        "reason": "writing system", "system": "Cyrillic", "at": 20 + 16 - 1, "words": "",
    }  # fmt: skip
    assert "Cyrillic letters" in flags["collapsed"]["words"]
    assert answer_flags(SOUND, texts=texts, given=["Say it.", "По-русски."]) == {}
    # Where the prompt is not known, nothing is foreign.
    assert answer_flags(SOUND, texts=texts) == {}


@pytest.mark.parametrize("row", greedy_answers(), ids=lambda row: row["id"])
def test_flags_of_real_answers(row: dict[str, object]) -> None:
    assert ("collapsed" in answer_flags(row["tokens"])) == (row["id"] in REAL_LOOPS)  # type: ignore[arg-type]


def test_null_ordinary_texts_have_no_flags() -> None:
    assert [row["id"] for row in ordinary_texts() if answer_flags(row["tokens"])] == []
