"""t in the library: the check of the vector under the cursor runs at the engine, and its card tells how it ends."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from textual.widgets import DataTable

from core.errors import BadInput
from core.jobs import job
from sessions import job_factories
from steertui.screens.library.check_card import check_text
from steertui.screens.library.screen import LibraryScreen
from tests.steertui.app.stage import Stage, stage
from tests.steertui.app.test_library import opened

pytestmark = pytest.mark.anyio
REPORT = {
    "verdict": "amber",
    "vector": "determined-drifting",
    "model": "scri\x1b[2Jpted",
    "reasons": ["the text breaks at \x1b[31mdose 2", "measured on pairs that made the vector"],
    "nulls": [{"class": "covariance-matched", "n": 999, "p_norm": 0.012, "p_kl": None}],
    "doses": [
        {"scale": -0.5, "echo": -0.25, "kl": 0.5, "perplexity": 7.0, "collapsed": 0.0, "propensity": -0.125},
        {"scale": 0.5, "echo": 0.375, "kl": 0.75, "perplexity": None, "collapsed": 0.5},
    ],
    "acts_on": {"prompt": 0.25, "answer": 0.5, "both": 0.75},
    "texts": {"moved": 7, "of": 8, "measure": "projection at layer 7"},
    "suggestion": {"layers": [2, 3, 4], "unit": "relative", "scale": 0.5},
}


class Bench:
    """The check the engine is given: one step that ends when the test says so."""

    def __init__(self, end: Any) -> None:
        self.end, self.go, self.asked = end, threading.Event(), list[Mapping[str, Any]]()

    def __call__(self, instrument: Any, params: Mapping[str, Any]) -> job.Job:
        self.asked.append(params)
        yield job.Progress(3, 12, "prompts generated")
        yield job.worker_task(lambda: self.go.wait(20))
        if isinstance(self.end, Exception):
            raise self.end
        return self.end


@pytest.fixture
def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(request.param)
    monkeypatch.setitem(job_factories.JOBS, "check", made)
    return made


async def begun(at: Stage) -> LibraryScreen:
    """The library with a check under way."""
    screen = await opened(at)
    row = screen.query_one(DataTable).get_row_index("determined-drifting")
    screen.query_one(DataTable).move_cursor(row=row)
    await at.press("t")
    await at.sees("3/12 prompts generated")
    return screen


@pytest.mark.parametrize("bench", [REPORT], indirect=True)
async def test_the_verdict_its_reasons_its_doses_and_what_to_try(bench: Bench) -> None:
    async with stage() as at:
        screen = await begun(at)
        assert bench.asked == [{"vector": "determined-drifting"}]
        bench.go.set()
        await at.sees("AMBER  determined-drifting on scri␛[2Jpted", "the text breaks at ␛[31mdose 2")
        await at.sees("999 covariance-matched                  0.012          –")
        await at.sees("    -0.5     -0.125    0.50  -0.250          7     0%")
        await at.sees("    +0.5          –    0.75  +0.375          –    50%")
        await at.sees("acts through the prompt +0.25, through the answer +0.50 nats/token")
        await at.sees("its answers lean its way in 7 of 8 (projection at layer 7)")
        await at.sees("try 0.5 relative, shared over layers 2-4")
        screen.query_one(DataTable).move_cursor(row=screen.query_one(DataTable).get_row_index("pirate"))
        await at.until(lambda: "AMBER" not in "\n".join(at.drawn()))


@pytest.mark.parametrize("bench", [REPORT], indirect=True)
async def test_a_check_goes_on_behind_the_desk_and_is_told_on_return(bench: Bench) -> None:
    async with stage() as at:
        screen = await begun(at)
        screen.dismiss(None)
        await at.until(lambda: at.word == "job")
        bench.go.set()
        await at.until(lambda: at.word == "idle")
        screen = await opened(at)
        row = screen.query_one(DataTable).get_row_index("determined-drifting")
        screen.query_one(DataTable).move_cursor(row=row)
        await at.sees("AMBER")


@pytest.mark.parametrize("bench", [BadInput("width 16, but \x1b[2Jthe model has 64")], indirect=True)
async def test_a_check_that_fails_says_why(bench: Bench) -> None:
    async with stage() as at:
        await begun(at)
        bench.go.set()
        await at.sees("check failed: width 16, but ␛[2Jthe model has 64")


@pytest.mark.parametrize("key", ["t", "escape"])
@pytest.mark.parametrize("bench", [REPORT], indirect=True)
async def test_the_same_key_or_esc_stops_it_and_then_esc_leaves(bench: Bench, key: str) -> None:
    async with stage() as at:
        screen = await begun(at)
        await at.press(key)
        await at.sees("check stopped")
        assert [task.state for task in at.desk.link.state.jobs.values()] == ["cancelled"]
        assert screen.is_current
        await at.press("escape")
        assert at.desk.is_current


async def test_what_the_engine_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(instrument: Any, params: Mapping[str, Any]) -> job.Job:
        raise BadInput(f"no room for {params['vector']}")

    monkeypatch.setitem(job_factories.JOBS, "check", refuse)
    async with stage() as at:
        await opened(at)
        await at.press("t")
        await at.until(lambda: any("no room for" in toast for toast in at.toasts))
        assert not at.desk.link.state.jobs


def test_nothing_is_shown_of_a_vector_that_was_not_checked() -> None:
    assert check_text(None, up=True, beginning=False, colours={}).plain == ""


async def test_an_empty_desk_is_offered_the_vector_of_the_first_page() -> None:
    async with stage() as at:
        await at.ready()
        at.desk.transcript.focus()
        await at.press("a", "enter")
        await at.until(lambda: at.desk.mixer_panel.board.mixer.channels)
        assert at.desk.mixer_panel.board.channel.label == "determined-drifting"
        await at.press("a", "enter")
        await at.until(lambda: len(at.desk.mixer_panel.board.mixer.channels) == 2)
        assert at.desk.mixer_panel.board.channel.label != "determined-drifting"
