"""What the estimates of `extract` and `check` are made of; `python -m bench estimates` holds them against real runs."""

import pytest

import core
from core.jobs.job import run_steps
from tests.core import zoo
from vectors.checks import token_work
from vectors.checks.token_work import ModelPace, TokenWork, measure_pace


def test_the_pace_is_that_of_the_quickest_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = iter([9.0, 8.0, 1.92, 0.5, 7.0, 6.0, 7.0, 6.0, 7.0, 6.0])
    monkeypatch.setattr(token_work, "_pass_seconds", lambda model, shape: next(taken))
    assert run_steps(measure_pace(core.adopt(zoo.build()))) == ModelPace(0.01, 0.5)


def test_work_adds_up_by_hand() -> None:
    work = TokenWork(forward=10, backward=10, decoded=10, steps=2, layers=1) + TokenWork(forward=5)
    assert work.seconds(ModelPace(token=1.0, step=7.0)) == pytest.approx(15 + 19 + 24 + 14 + 0.03)
