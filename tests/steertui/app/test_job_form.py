"""A form is made from its offer alone; what is wrong is said in place and nothing begins before it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color
from textual.widgets import Input, OptionList

from sessions import job_factories
from sessions.job_specs.catalogue import OFFERS
from sessions.job_specs.offer import READERS, JobParam
from steertui.screens.jobs.form import choosing
from steertui.screens.jobs.form.entry import read_value, value_problem, value_text
from steertui.screens.jobs.form.field import Field
from steertui.screens.jobs.form.form import JobForm
from steertui.screens.jobs.screen import JobsScreen
from steertui.screens.pick import ChoiceDialog
from tests.steertui.app.stage import stage
from tests.steertui.app.test_jobs import fill, form, opened
from tests.steertui.scripted_engine import Script
from vectors.library import library

asynchronous = pytest.mark.anyio
LAYERS = 10


def param(kind: str, **more: object) -> JobParam:
    return JobParam("x", kind, "what it is", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("offer", OFFERS.values(), ids=list(OFFERS))
def test_what_a_line_shows_is_read_back_as_it_was(offer: object) -> None:
    for each in offer.params:  # type: ignore[attr-defined]
        if not each.required:
            assert read_value(each, value_text(each, each.default), LAYERS) == each.default


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("count", "1.5", "whole number"),
        ("number", "much", "much"),
        ("numbers", "1,b", "b"),
        ("flag", "maybe", "nothing or yes"),
        ("layers", "12", "12"),
        ("layers", "3-", "3-"),
        ("vector", "nowhere", "no vector 'nowhere'"),
        ("vector", "/nowhere/x.gguf", "no file /nowhere/x.gguf"),
        ("contrast", "nowhere", "neither a file nor a built-in set"),
        ("model", "/nowhere", "no folder /nowhere"),
        ("file", "/proc/1/x/y", "cannot write"),
        ("file", "/", "is a folder"),
        ("folder", "/etc/hosts", "is a file"),
        ("folder", "/etc/hosts/x", "cannot write"),
        ("pack", "nowhere.jsonl", "no file"),
    ],
)
def test_a_wrong_value_is_a_sentence(kind: str, text: str, said: str) -> None:
    assert said in value_problem(param(kind), text, LAYERS)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("count", " 3 ", 3),
        ("numbers", "-1;0.5", (-1.0, 0.5)),
        ("flag", "yes", True),
        ("flag", "", None),
        ("layers", "40%-85%", "40%-85%"),
        ("vector", "pirate", "pirate"),
        ("contrast", "pirate", "pirate"),
        ("model", "owner/model", "owner/model"),
        ("text", "", None),
        ("pack", "demo", "demo"),
    ],
)
def test_a_right_value_is_what_the_job_takes(kind: str, text: str, value: object) -> None:
    assert read_value(param(kind), text, LAYERS) == value


def test_paths_are_whole_because_the_engine_stands_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.jsonl").write_text("{}")
    (tmp_path / "model").mkdir()
    assert read_value(param("contrast"), "pairs.jsonl", LAYERS) == str(tmp_path / "pairs.jsonl")
    assert read_value(param("model"), "./model", LAYERS) == str(tmp_path / "model")
    assert read_value(param("file"), "new/x.gguf", LAYERS) == str(tmp_path / "new/x.gguf")


def test_every_kind_of_parameter_can_be_written_and_the_lists_know_their_own() -> None:
    for kind in READERS:
        assert isinstance(value_text(param(kind), None), str)
    listed = {kind: [choice.key for choice in choosing.load_choices(param(kind))] for kind in choosing.LISTS}
    assert "pirate" in listed["vector"]
    assert "pirate" in listed["contrast"]
    assert "demo-base" in listed["model"]


@asynchronous
async def test_every_offer_has_a_form_with_a_line_and_help_for_each_parameter() -> None:
    async with stage(size=(140, 60)) as at:
        screen = await opened(at)
        for kind, offer in OFFERS.items():
            screen._open_form(kind, {})
            await at.until(lambda: isinstance(at.pilot.app.screen, JobForm))
            made = at.pilot.app.screen
            assert isinstance(made, JobForm)
            for each in offer.params:
                if each.name != "estimate":
                    assert made._fields[each.name].text == value_text(each, each.default)
            await at.sees(offer.title, offer.params[0].help[:20])
            await at.press("escape")
            assert isinstance(at.pilot.app.screen, JobsScreen)


@asynchronous
async def test_the_line_that_is_written_in_is_the_one_that_is_lit() -> None:
    async with stage() as at:
        await opened(at)
        made = await form(at)
        colours = at.pilot.app.get_css_variables()

        def lit() -> list[str]:
            accent = Color.parse(colours["accent"])
            return [
                field.param.name
                for field in made.query(Field)
                if field.query_one(".name").styles.color == accent
            ]

        assert lit() == ["contrast"]
        await at.press("down")
        await at.until(lambda: lit() == ["out"])
        await at.press("up")
        await at.until(lambda: lit() == ["contrast"])


@asynchronous
async def test_nothing_begins_while_something_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(())
    monkeypatch.setitem(job_factories.JOBS, "extract", script)
    async with stage() as at:
        await opened(at)
        made = await form(at)
        await fill(at, made, seed="1.5", out="/tmp/x.gguf", contrast="nowhere")
        await at.sees(
            "seed is a whole number", "neither a file nor a built-in set", "2 to fill in or correct"
        )
        await at.press("enter")
        await at.until(lambda: made._fields["contrast"].has_focus_within)
        assert not script.asked
        await fill(at, made, seed="1", contrast="pirate")
        await at.sees("$ steertui extract --contrast pirate --out /tmp/x.gguf --seed 1 --model scripted")
        await at.press("enter")
        await at.until(lambda: isinstance(at.pilot.app.screen, JobsScreen))
        assert script.asked[0]["seed"] == 1


@asynchronous
async def test_enter_on_an_empty_needed_line_opens_its_list_and_a_place_is_proposed() -> None:
    async with stage() as at:
        await opened(at)
        made = await form(at)
        await at.press("enter")
        await at.until(lambda: isinstance(at.pilot.app.screen, ChoiceDialog))
        assert at.pilot.app.screen.query_one(OptionList).option_count > 3
        await at.press(*"pirate", "enter")
        await at.until(lambda: made._fields["contrast"].text == "pirate")
        await at.until(
            lambda: made._fields["out"].text == str(library.library_folder() / "pirate-2.safetensors")
        )


@asynchronous
async def test_arrows_step_through_words_and_ctrl_l_lists() -> None:
    async with stage() as at:
        await opened(at)
        made = await form(at)
        made._fields["method"].focus_line()
        await at.press("right")
        assert made._fields["method"].text == "pca-centered"
        await at.press("left", "left")
        assert made._fields["method"].text == "assistant-axis"
        made._fields["tuned"].focus_line()
        await at.press("ctrl+l")
        await at.until(lambda: isinstance(at.pilot.app.screen, ChoiceDialog))
        await at.press("escape", "down")
        assert made._fields["method"].has_focus_within


@asynchronous
async def test_a_refusal_of_the_engine_leaves_the_form_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(job_factories.JOBS, "extract")
    async with stage() as at:
        await opened(at)
        made = await form(at)
        await fill(at, made, contrast="pirate", out="/tmp/x.gguf")
        await at.press("enter")
        await at.until(lambda: any("there is no job 'extract'" in toast for toast in at.toasts))
        assert at.pilot.app.screen is made


@asynchronous
async def test_pasted_control_characters_stay_text() -> None:
    async with stage() as at:
        await opened(at)
        made = await form(at)
        made._fields["name"].query_one(Input).value = "\x1b[2J\u202e" + "x" * 50_000
        await at.pilot.pause()
        assert "\x1b" not in "".join(at.drawn())
