"""The Jobs screen over the real socket: begun from a form, watched as they come, stopped, run again, and loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from core.errors import BadInput
from core.jobs import job
from sessions import job_factories
from sessions.job_specs.catalogue import OFFERS
from steertui.screens.jobs.form.form import JobForm
from steertui.screens.jobs.screen import JobsScreen
from steertui.widgets.page import TextPage
from tests.steertui.app.stage import Stage, stage
from tests.steertui.app.test_library import kept
from tests.steertui.hostile import HOSTILE, talks_to_terminal
from tests.steertui.scripted_engine import WAIT, Script
from vectors.library import library

pytestmark = pytest.mark.anyio
SPOKEN = (
    job.Progress(10, 40, "texts read"),
    WAIT,
    job.Progress(20, 40, "texts read"),
    *(job.Row("layers", str(layer), {"d": layer + 0.5, "n": 80}) for layer in range(4)),
    job.JobSample("+1", "prompt 0", "the harbour is far"),
    WAIT,
    job.Artifact("pirate", "0", "vector"),
)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    made = Script(SPOKEN, {"best_layer": 3, "warnings": ["few pairs"]})
    monkeypatch.setitem(job_factories.JOBS, "extract", made)
    return made


async def opened(at: Stage) -> JobsScreen:
    await at.ready()
    await at.press("f3")
    screen = at.pilot.app.screen
    assert isinstance(screen, JobsScreen)
    return screen


async def form(at: Stage, kind: str = "Extract") -> JobForm:
    await at.press("n")
    await at.press(*kind, "enter")
    await at.until(lambda: isinstance(at.pilot.app.screen, JobForm))
    made = at.pilot.app.screen
    assert isinstance(made, JobForm)
    return made


async def fill(at: Stage, made: JobForm, **values: str) -> None:
    for name, text in values.items():
        made._fields[name].query_one(Input).value = text
    await at.pilot.pause()


async def begun(at: Stage) -> JobsScreen:
    """An extraction under way."""
    screen = await opened(at)
    made = await form(at)
    await fill(at, made, contrast="pirate", out="/tmp/x.safetensors")
    await at.press("enter")
    await at.sees("10/40")
    return screen


async def test_an_empty_room_says_what_can_be_begun() -> None:
    async with stage() as at:
        await opened(at)
        await at.sees("No job in this session yet", "Extract a vector", "Weight difference")


async def test_a_job_is_begun_from_its_form_watched_and_its_vector_loaded(script: Script) -> None:
    async with stage() as at:
        await begun(at)
        assert script.asked[0]["contrast"] == "pirate"
        assert script.asked[0]["holdout"] == 0.2
        await at.sees("25%", "▶ 1 extract pirate", "texts read")
        script.go()
        await at.sees("20/40", "50%", "d  max 3.5 at layer 3")
        script.go()
        await at.sees("✓ 1 extract pirate", "best layer", "few pairs", "a loads it on the desk")
        await at.press("a")
        await at.until(lambda: at.desk.mixer_panel.board.mixer.channels)
        assert at.desk.mixer_panel.board.channel.label == "pirate"
        assert at.pilot.app.screen is at.desk


async def test_a_new_session_says_where_the_jobs_of_the_one_before_are(script: Script) -> None:
    async with stage() as at:
        await begun(at)
        script.go()
        script.go()
        await at.sees("✓ 1 extract pirate")
        await at.press("escape", "ctrl+n")
        await at.until(lambda: not at.desk.ledger.reports)
        await opened(at)
        await at.sees("none in this session", "No job in this session yet", "Jobs belong to their session")


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_job_under_the_cursor_tells_all_it_does(size: tuple[int, int]) -> None:
    async with stage(size=size) as at:
        await opened(at)
        await at.press("n", "down")
        summary = list(OFFERS.values())[1].summary
        await at.sees(*summary.split()[-2:], "enter opens the form")


async def test_two_checkpoints_are_compared_from_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [job.Row("matrices", f"layer {n} o_proj", {"relative": 0.25 * n, "top1": 0.5}) for n in (1, 2)]
    script = Script((job.Progress(2, 2, "matrices"), *rows), {"matrices": 2})
    monkeypatch.setitem(job_factories.JOBS, "diff", script)
    async with stage() as at:
        await opened(at)
        made = await form(at, "Weight")
        await at.press("enter")
        assert not script.asked, "nothing begins before both are named"
        await at.press("escape")
        await fill(at, made, base="demo-base", tuned="demo-instruct")
        await at.sees("$ steertui diff demo-base demo-instruct")
        await at.press("enter")
        await at.sees("✓ 1 diff")
        assert (script.asked[0]["base"], script.asked[0]["tuned"]) == ("demo-base", "demo-instruct")
        await at.press("right")
        await at.sees("layer 2 o_proj", "0.500")


async def test_pages_turn_and_tell_everything(script: Script) -> None:
    async with stage() as at:
        await begun(at)
        script.go()
        await at.sees("curves  layers  samples  log")
        await at.press("right", "right")
        await at.sees("3.500")
        await at.press("right")
        await at.sees("the harbour is far")
        await at.press("right")
        await at.sees("0.0 s  running")
        await at.press("right")
        await at.sees("20/40")
        await at.press("left", "enter")
        assert isinstance(at.pilot.app.focused, TextPage)


async def test_a_job_goes_on_behind_the_desk(script: Script) -> None:
    async with stage() as at:
        await begun(at)
        await at.press("escape")
        assert at.pilot.app.screen is at.desk
        await at.until(lambda: at.word == "job")
        await at.sees("extract 25%")
        script.go()
        script.go()
        await at.until(lambda: at.word == "idle")
        await opened(at)
        await at.sees("✓ 1 extract", "best layer")


async def test_cancel_and_run_again(script: Script) -> None:
    async with stage() as at:
        await begun(at)
        await at.press("r")
        await at.until(lambda: any("has not ended yet" in toast for toast in at.toasts))
        await at.press("k")
        await at.sees("■ 1 extract", "cancelled")
        await at.press("r")
        await at.sees("▶ 2 extract")
        assert script.asked[1] == script.asked[0]


async def test_run_again_with_something_changed(script: Script) -> None:
    async with stage() as at:
        await begun(at)
        await at.press("k")
        await at.sees("cancelled")
        await at.press("e")
        made = at.pilot.app.screen
        assert isinstance(made, JobForm)
        assert made._fields["contrast"].text == "pirate"
        await fill(at, made, seed="7")
        await at.press("enter")
        await at.until(lambda: len(script.asked) == 2)
        assert script.asked[1] == {**script.asked[0], "seed": 7}


async def test_the_command_line_is_copied_and_written_down(script: Script) -> None:
    async with stage() as at:
        await begun(at)
        await at.press("y")
        wanted = "steertui extract --contrast pirate --out /tmp/x.safetensors --model scripted"
        assert at.pilot.app.clipboard == wanted
        assert any("yank.txt" in toast for toast in at.toasts)


async def test_what_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = "".join(HOSTILE.values()).replace("\ud800", "")
    script = Script((), BadInput(f"no pairs left {bad} [/nope]"))
    monkeypatch.setitem(job_factories.JOBS, "extract", script)
    async with stage() as at:
        await opened(at)
        made = await form(at)
        await fill(at, made, contrast="pirate", out="/tmp/x.safetensors")
        await at.press("enter")
        await at.sees("✗ no pairs left", "✗ 1 extract")
        assert not [line for line in at.drawn() if talks_to_terminal(line)]


async def test_hostile_reports_on_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = "".join(HOSTILE.values()).replace("\ud800", "") + "[@click=app.quit]x[/] [/nope]"
    events = (
        job.Progress(1, 2, bad),
        *(job.Row(bad, str(n), {bad: n + 0.5, "b": bad}) for n in range(4)),
        job.Point(bad, 1, 2.0),
        job.Cell(f"{bad}!", bad, bad, 1.0),
        job.JobSample(bad, bad, f"{bad}\n{'x' * 200_000}", (bad,)),
        job.Artifact(bad, bad, bad),
    )
    monkeypatch.setitem(job_factories.JOBS, "extract", Script(events, {bad: bad}))
    async with stage() as at:
        await opened(at)
        made = await form(at)
        await fill(at, made, contrast="pirate", out="/tmp/x.safetensors")
        await at.press("enter")
        await at.sees("✓ 1 extract")
        for _ in range(7):
            await at.press("right")
            assert not [line for line in at.drawn() if talks_to_terminal(line)]
        assert at.pilot.app.is_running


@pytest.mark.parametrize("size", [(140, 40), (100, 30), (80, 24), (60, 16)])
async def test_every_size_shows_the_queue_the_job_and_the_form(size: tuple[int, int], script: Script) -> None:
    async with stage(size=size) as at:
        await begun(at)
        script.go()
        script.go()
        await at.sees("1 extract", "done", "max 3.5", "→ p page")
        await form(at)
        await at.sees("contrast*", "enter")


async def test_a_page_is_drawn_for_the_size_it_has_before_the_clock_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The curve's width never hangs on a scrollbar, nor on when the screen was looked at last."""
    monkeypatch.setattr("steertui.screens.jobs.screen.UPDATES_PER_S", 1e-3)
    async with stage(size=(140, 40)) as at:
        screen = await opened(at)
        shown = screen.query_one(TextPage)
        for size in ((100, 30), (80, 24), (140, 40)):
            await at.pilot.resize_terminal(*size)
            await at.until(
                lambda: max(line.cell_len for line in shown._lines) == shown.scrollable_content_region.width
            )


async def test_its_vector_is_kept_in_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(tmp_path, "inside", 1)
    outside = tmp_path / "outside.safetensors"
    files = (job.Artifact(str(outside), "0", "vector"),)
    monkeypatch.setitem(job_factories.JOBS, "extract", Script(files))
    (library.library_folder() / "inside.safetensors").replace(outside)
    async with stage() as at:
        await opened(at)
        made = await form(at)
        await fill(at, made, contrast="pirate", out=str(outside))
        await at.press("enter")
        await at.sees("✓ 1 extract")
        await at.press("s")
        await at.until(lambda: "inside" in library.vector_paths())
        await at.until(lambda: any("in the library as inside" in toast for toast in at.toasts))


async def test_without_a_job_every_key_says_so() -> None:
    async with stage() as at:
        await opened(at)
        for key in ("a", "s", "r", "e", "k", "y"):
            await at.press(key)
        await at.until(lambda: sum("no job yet" in toast for toast in at.toasts) >= 5)
        await at.press("v", "right", "left", "escape")
        assert at.pilot.app.screen is at.desk
