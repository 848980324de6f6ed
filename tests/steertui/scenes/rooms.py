"""The rooms beside the desk: jobs, library, sessions, and what opens in them."""

from __future__ import annotations

from textual.widgets import DataTable, Input

from core.errors import BadInput
from core.jobs import job
from sessions import job_factories
from steertui.screens.ask import InputDialog
from steertui.screens.jobs.form.form import JobForm
from steertui.screens.jobs.screen import JobsScreen
from steertui.screens.library.importing import ImportDialog
from steertui.screens.library.screen import LibraryScreen
from steertui.screens.pick import ChoiceDialog
from steertui.screens.sessions.replay import ReplayScreen
from steertui.screens.sessions.screen import SessionsScreen
from tests.steertui.scenes import shelves
from tests.steertui.scenes.desk import over, steered
from tests.steertui.scenes.scene import Play, scene
from tests.steertui.scenes.words import Words
from tests.steertui.scripted_engine import WAIT, Script
from vectors.library import library as store

CURVE = (0.4, 0.9, 1.6, 2.8, 4.1, 5.2, 4.6, 3.1, 2.2, 1.4)
PARAMS = {"contrast": "calm-hurried", "out": "calm.safetensors", "method": "mean", "holdout": 0.2}


def layer(words: Words, number: int) -> job.Row:
    """What an extraction measures on a layer."""
    d = CURVE[number]
    values = {
        "d": d,
        "d_ci": [d - 0.4, d + 0.5],
        "accuracy": min(0.5 + d / 10, 0.99),
        "auroc": min(0.55 + d / 11, 0.99),
        "n": 80,
        words("column", "remark"): words("table cell", "held out"),
    }
    return job.Row(words("table", "layers"), str(number), values)


def extraction(words: Words) -> tuple[job.JobEvent | None, ...]:
    """An extraction's reports; it stands still in the middle, and at its end."""
    sample = job.JobSample(
        words("condition", "+1"),
        words("sample prompt", "How do I rest?"),
        words("judge reply", "Sit down, breathe slowly, and let the tea get cold if it must."),
        (words("flag", "held out"),),
    )
    return (
        job.Progress(120, 400, words("unit", "texts read")),
        WAIT,
        job.Progress(280, 400, words("unit", "texts read")),
        *(layer(words, number) for number in range(len(CURVE))),
        sample,
        job.JobSample("−1", "How do I rest?", "No time! Up, out, the list is long and the day is short.", ()),
        job.Cell(words("grid", "cosine"), words("grid row", "calm"), words("grid column", "wry"), 0.4),
        WAIT,
        job.Artifact(words("artifact", "calm"), "0", "vector"),
    )


async def room(play: Play) -> JobsScreen:
    await play.at.ready()
    await play.app.run_action("go('jobs')")
    made: JobsScreen = await play.until_screen(JobsScreen)
    return made


async def begun(play: Play) -> Script:
    """An extraction half way through, under one that failed and before one that waits."""
    end = {"best_layer": 5, "consistency": 0.94, "warnings": [play.words("job warning", "few pairs: 80")]}
    broken = Script((), refusal(play.words))
    job_factories.JOBS["check"] = broken
    job_factories.JOBS["extract"] = script = Script(extraction(play.words), end)
    await room(play)
    wanted = {"vector": play.words("job parameter", "wry")}
    await play.at.desk.link.request("job.start", kind="check", params=wanted)
    await play.at.until(lambda: [task.state for task in play.at.desk.link.state.jobs.values()] == ["failed"])
    await play.at.desk.link.request("job.start", kind="extract", params=PARAMS)
    await play.at.sees("120/400")
    script.go()
    await play.at.sees("280/400")
    return script


def refusal(words: Words) -> BadInput:
    """Why a job of a stranger's vector fails."""
    return BadInput(words("job error", "wry: width 64, but the model has 4096 (made for another model?)"))


async def done(play: Play) -> None:
    script = await begun(play)
    script.go()
    await play.at.sees("best layer", "2 extract")


@scene("jobs-empty")
async def empty(play: Play) -> None:
    await room(play)
    await play.at.sees("No job in this session yet")


@scene("jobs-new")
async def new(play: Play) -> None:
    (await room(play)).action_new()
    await play.until_screen(ChoiceDialog)


async def form(play: Play) -> JobForm:
    (await room(play))._open_form("extract", PARAMS)
    made: JobForm = await play.until_screen(JobForm)
    return made


@scene("jobs-form", before=shelves.vectors)
async def job_form(play: Play) -> None:
    await form(play)
    await play.at.sees("to fill in or correct")


@scene("jobs-form-wrong", before=shelves.vectors)
async def job_form_wrong(play: Play) -> None:
    made = await form(play)
    made._fields["holdout"].query_one(Input).value = play.words("typed", "most")
    made._fields["contrast"].query_one(Input).value = "pirate"
    await play.at.sees("to fill in or correct")


@scene("jobs-running")
async def running(play: Play) -> None:
    await begun(play)


@scene("jobs-failed")
async def failed(play: Play) -> None:
    await done(play)
    await play.at.press("down")
    await play.at.sees("1 check")


@scene("jobs-done")
async def job_done(play: Play) -> None:
    await done(play)


@scene("jobs-table")
async def table(play: Play) -> None:
    await done(play)
    await play.at.press("right", "right")


@scene("jobs-samples")
async def samples(play: Play) -> None:
    await done(play)
    await play.at.press("right", "right", "right", "right")


@scene("jobs-log")
async def log(play: Play) -> None:
    await done(play)
    await play.at.press("left")


async def shelf(play: Play) -> LibraryScreen:
    await play.at.ready()
    await play.app.run_action("go('library')")
    screen: LibraryScreen = await play.until_screen(LibraryScreen)
    await play.at.until(lambda: screen.query_one(DataTable).row_count)
    return screen


async def at_row(play: Play, screen: LibraryScreen, name: str) -> None:
    table = screen.query_one(DataTable)
    table.move_cursor(row=table.get_row_index(name))
    await play.at.sees("consistency")


@scene("library", before=shelves.vectors)
async def library(play: Play) -> None:
    await at_row(play, await shelf(play), "calm")


@scene("library-check", before=shelves.vectors)
async def library_check(play: Play) -> None:
    job_factories.JOBS["check"] = Script((job.Progress(3, 12, "prompts generated"),), verdict(play.words))
    screen = await shelf(play)
    await at_row(play, screen, "calm")
    screen.action_check()
    await play.at.sees("AMBER")


def verdict(words: Words) -> dict[str, object]:
    """What the check of a vector finds."""
    doses = [
        {
            "scale": 0.4 * dose,
            "propensity": 0.2 * dose,
            "echo": 0.03 * dose,
            "kl": 0.3 * dose * dose,
            "perplexity": 7.0 + abs(dose),
            "collapsed": 0.125 * abs(dose),
        }
        for dose in (-1.0, 0.0, 1.0)
    ]
    nulls = [
        {"class": name, "n": 999, "p_norm": p, "p_kl": p}
        for name, p in (("random", 0.001), ("covariance-matched", 0.002), ("label-shuffled", 0.121))
    ]
    return {
        "verdict": "amber",
        "vector": words("checked vector", "calm"),
        "model": words("checked model", "acme/small-7b"),
        "reasons": [
            words("check reason", "120 of 999 from shuffled labels do as much"),
            "at 0.4 natural: KL 0.3",
        ],
        "nulls": nulls,
        "doses": doses,
        "acts_on": {"prompt": 0.08, "answer": 0.12, "both": 0.2},
        "texts": {"moved": 7, "of": 8, "measure": "projection at layer 9"},
        "suggestion": {"layers": [4, 5, 6], "unit": words("check unit", "natural"), "scale": 0.4},
    }


@scene("library-note", before=shelves.vectors)
async def library_note(play: Play) -> None:
    screen = await shelf(play)
    await at_row(play, screen, "calm")
    screen.action_note()
    await play.until_screen(InputDialog)


@scene("library-import", before=shelves.vectors)
async def library_import(play: Play) -> None:
    """The card of a stranger's file, before it is kept."""
    (await shelf(play)).action_import_file()
    dialog = await play.until_screen(ImportDialog)
    dialog.query_one("#path", Input).value = str(store.library_folder() / "calm.safetensors")
    await play.at.press("enter")
    await play.at.sees("enter saves it under this name")
    with dialog.prevent(Input.Changed):
        dialog.query_one("#path", Input).value = "~/vectors/calm.safetensors"


async def recorded(play: Play) -> SessionsScreen:
    """Two talks, and the newer one under the cursor."""
    await steered(play)
    await over(play)
    await play.at.desk.link.request("session.new")
    await play.at.until(lambda: not play.at.pieces)
    play.at.desk.prompt.focus()
    await play.at.ask("What is left to do?")
    await over(play)
    await play.app.run_action("go('sessions')")
    screen: SessionsScreen = await play.until_screen(SessionsScreen)
    await play.at.until(lambda: screen.query_one(DataTable).row_count == 2)
    await play.at.sees("asst")
    return screen


@scene("sessions")
async def sessions(play: Play) -> None:
    await recorded(play)


@scene("sessions-found")
async def sessions_found(play: Play) -> None:
    screen = await recorded(play)
    screen.query_one("#search", Input).value = play.words("searched", "parser eats")
    await play.at.until(lambda: screen.query_one(DataTable).row_count < 2)


@scene("sessions-export")
async def sessions_export(play: Play) -> None:
    (await recorded(play)).action_export()
    await play.until_screen(ChoiceDialog)


@scene("replay")
async def replay(play: Play) -> None:
    screen = await recorded(play)
    screen.query_one(DataTable).move_cursor(row=1)
    await play.at.pilot.pause()
    screen.action_replay()
    await play.until_screen(ReplayScreen)
    await play.at.press("full_stop", *["right"] * 9)
