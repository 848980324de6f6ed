"""Certainty in answers at several doses: the one at dose 0 is the unsteered lane of its prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pytest

import core
from core.collapse.collapse import CERTAIN
from core.generation.batch.lane_answer import LaneAnswer
from core.mixer.mixer import Channel, Mixer
from sessions.answers.answer_reports import AnswerReports
from sessions.answers.asked_answer import AskedAnswer, ask_all
from sessions.answers.finished_answer import FinishedAnswer
from sessions.promptfile import PromptRecord
from tests.core import reference
from tests.core.reference import vector

NEW = 60
CERTAIN_OF_ALL, OPEN = [0.01] * NEW, [1.0] * NEW
SOON = [0.01] * CERTAIN + [1.0] * (NEW - CERTAIN)


@pytest.fixture(scope="module")
def model() -> core.Model:
    return reference.model("llama")


def asked(model: core.Model, doses: Sequence[float], **settings: Any) -> list[AskedAnswer]:
    mixer = Mixer((Channel(vector(0), scale=1.0, **settings),))
    return ask_all(model, [PromptRecord("one", {}), PromptRecord("two", {})], doses, mixer, {})


def kept(number: int, entropies: Sequence[float]) -> Mapping[str, Any]:
    ids = tuple(range(len(entropies)))
    columns = ids, ("a ",) * len(ids), (-0.1,) * len(ids), tuple(entropies)
    return asdict(LaneAnswer(number, *columns, "eos"))


def reported(answers: Sequence[AskedAnswer], said: Mapping[int, Sequence[float]]) -> dict[int, Any]:
    """Flags by number, in the order of the reports; `said` are entropies in the order in which answers end."""
    reports, found = AnswerReports(answers), {}
    for number, entropies in said.items():
        for event in reports.add(answers[number], kept(number, entropies), 2):
            if isinstance(event, FinishedAnswer):
                found[event.fields["number"]] = event.fields["flags"]
    assert reports.counts["done"] == len(found)
    return found


def test_the_answer_at_dose_0_is_the_unsteered_lane_of_its_own_prompt(model: core.Model) -> None:
    both = asked(model, (1.0, 0.0, -1.0))
    assert [each.unsteered for each in both] == [1, None, 1, 4, None, 4]
    found = reported(both, {1: OPEN, 0: CERTAIN_OF_ALL, 2: OPEN, 4: CERTAIN_OF_ALL, 3: CERTAIN_OF_ALL})
    assert found[0]["collapsed"]["reason"] == "certainty"
    # Nothing where the unsteered answer is certain too, and where nothing is certain.
    assert found[1] == found[2] == found[3] == found[4] == {}


def test_an_answer_that_ends_before_the_unsteered_one_waits_for_it(model: core.Model) -> None:
    both = asked(model, (1.0, 0.0))
    found = reported(both, {0: CERTAIN_OF_ALL, 2: OPEN, 1: OPEN})
    assert list(found) == [2, 1, 0]
    assert found[0]["collapsed"]["reason"] == "certainty"


def test_each_waits_for_its_own_prompt_s(model: core.Model) -> None:
    both = asked(model, (1.0, 0.0))
    found = reported(both, {0: CERTAIN_OF_ALL, 2: CERTAIN_OF_ALL, 3: OPEN, 1: CERTAIN_OF_ALL})
    assert list(found) == [3, 2, 1, 0]
    assert [bool(found[number]) for number in (0, 2)] == [False, True]


def test_null_an_unsteered_answer_that_came_there_at_another_token(model: core.Model) -> None:
    late = OPEN[: NEW - CERTAIN] + [0.01] * CERTAIN
    assert reported(asked(model, (1.0, 0.0)), {1: late, 0: SOON})[0] == {}


def test_null_without_dose_0_or_where_something_else_steers_there(model: core.Model) -> None:
    assert {each.unsteered for each in asked(model, (1.0, 2.0))} == {None}
    assert {each.unsteered for each in asked(model, (1.0, 0.0), ceiling=0.5)} == {None}
    assert {each.unsteered for each in asked(model, (1.0, 0.0), gain=0.0)} == {None}
    assert [each.unsteered for each in asked(model, (1.0, 0.0), muted=True)] == [None, 0, None, 2]
    found = reported(asked(model, (1.0, 2.0)), {0: CERTAIN_OF_ALL, 1: OPEN})
    assert found == {0: {}, 1: {}}


def test_an_unsteered_answer_that_broke_off_says_nothing(model: core.Model) -> None:
    assert reported(asked(model, (1.0, 0.0)), {0: CERTAIN_OF_ALL, 1: []})[0] == {}
