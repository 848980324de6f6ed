"""The estimates of `extract` and `check` against what two short runs on a demo model take."""

from collections.abc import Iterator

import pytest
import torch

import core
from bench.arms import Setting
from bench.estimates import DEMO, SHORT, TimedRun, _compare_run
from core.jobs.job import run_steps
from tests.core import zoo
from vectors.checks import token_work
from vectors.checks.token_work import ModelPace, TokenWork, measure_pace


@pytest.fixture
def one_thread() -> Iterator[None]:
    """CPU seconds of the process are then those of the thread that is timed."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    "asked", [TimedRun("extract", DEMO, "pirate", 60, SHORT), TimedRun("check", DEMO, "pirate", 40)], ids=str
)
def test_an_estimate_is_right_within_a_factor_of_three(asked: TimedRun) -> None:
    """Ten runs are within two (`python -m bench estimates`); a run of a second beside others is given more room."""
    rows = _compare_run(core.load(DEMO), asked, Setting())
    assert {row["part"] for row in rows} >= {"to_vector" if asked.verb == "extract" else "to_ranks"}
    assert all(1 / 3 < row["ratio"] < 3 for row in rows), rows


def test_the_pace_is_that_of_the_quickest_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = iter([9.0, 8.0, 1.92, 0.5, 7.0, 6.0, 7.0, 6.0, 7.0, 6.0])
    monkeypatch.setattr(token_work, "_pass_seconds", lambda model, shape: next(taken))
    assert run_steps(measure_pace(core.adopt(zoo.build()))) == ModelPace(0.01, 0.5)


def test_work_adds_up_by_hand() -> None:
    work = TokenWork(forward=10, backward=10, decoded=10, steps=2, layers=1) + TokenWork(forward=5)
    assert work.seconds(ModelPace(token=1.0, step=7.0)) == pytest.approx(15 + 19 + 24 + 14 + 0.03)
