"""A form is made from its offer alone; what is wrong is said in place and nothing begins before it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color
from textual.widgets import Input, OptionList

from sessions import job_factories
from sessions.job_specs.catalogue import OFFERS
from sessions.job_specs.kinds.inputs import (
    CONTRAST_SET,
    LAYER_BAND,
    MODEL_SOURCE,
    NEW_CONTRAST_SET,
    VECTOR_SOURCE,
)
from sessions.job_specs.kinds.kind import TEXT, ParamKind
from sessions.job_specs.kinds.numbers import NUMBER_LIST, WHOLE_NUMBER
from sessions.job_specs.kinds.outputs import FOLDER, VECTOR_FILE
from sessions.job_specs.kinds.packs import PROMPT_PACK
from sessions.job_specs.kinds.words import FLAG, SWITCH
from sessions.job_specs.offer import JobParam, JobSpec
from steertui.cli.options.preflight import absolute_params
from steertui.screens.jobs.form.entry import FormEntry
from steertui.screens.jobs.form.field import Field
from steertui.screens.jobs.form.form import MACHINE, JobForm
from steertui.screens.jobs.screen import JobsScreen
from steertui.screens.pick import ChoiceDialog
from tests.steertui.app.stage import stage
from tests.steertui.app.test_jobs import fill, form, opened
from tests.steertui.scripted_engine import Script
from vectors.library import library

asynchronous = pytest.mark.anyio
LAYERS = 10


def spec(kind: ParamKind) -> JobSpec:
    return JobSpec("try", "Try", "one parameter", ("try",), (JobParam("x", kind, "what it is"),))


def entry(offer: JobSpec) -> FormEntry:
    return FormEntry(offer, offer.params, LAYERS)


@pytest.mark.parametrize("offer", OFFERS.values(), ids=list(OFFERS))
def test_what_a_line_shows_is_read_back_as_it_was(offer: JobSpec) -> None:
    optional = [param for param in offer.params if not param.required]
    lines = {param.name: param.text(param.default) for param in optional}
    assert FormEntry(offer, optional, LAYERS).values(lines) == {p.name: p.default for p in optional}


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (SWITCH, "maybe", "x is empty or yes, not 'maybe'"),
        (FLAG, "maybe", "x is yes or no, not 'maybe'"),
        (LAYER_BAND, "12", "layer 12 asked for, the model has 10 (0 to 9)"),
        (VECTOR_FILE, "/proc/1/x/y.gguf", "cannot write /proc/1/x/y.gguf: permission denied"),
        (FOLDER, "/etc/hosts/x", "cannot write /etc/hosts/x: not a directory"),
    ],
)
def test_a_wrong_value_is_a_sentence(kind: ParamKind, text: str, said: str) -> None:
    """The sentences that the command line says as well are in the table of `test_same_sentences`."""
    assert entry(spec(kind)).problems({"x": text}) == {"x": said}


def test_an_empty_line_that_is_needed_is_said_as_on_the_command_line() -> None:
    extract = OFFERS["extract"]
    lines = {param.name: param.text(param.default) for param in extract.params}
    said = entry(extract).problems(lines)
    assert said == {"contrast": "extract needs --contrast", "out": "extract needs --out"}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (WHOLE_NUMBER, " 3 ", 3),
        (WHOLE_NUMBER, "9007199254740993", 9007199254740993),
        (NUMBER_LIST, "-1;0.5", (-1.0, 0.5)),
        (SWITCH, "yes", True),
        (SWITCH, "", None),
        (LAYER_BAND, "40%-85%", "40%-85%"),
        (VECTOR_SOURCE, "pirate", "pirate"),
        (CONTRAST_SET, "pirate", "pirate"),
        (NEW_CONTRAST_SET, "kindness", "kindness"),
        (MODEL_SOURCE, "owner/model", "owner/model"),
        (TEXT, "", None),
        (PROMPT_PACK, "demo", "demo"),
    ],
)
def test_a_right_value_is_what_the_job_takes(kind: ParamKind, text: str, value: object) -> None:
    assert entry(spec(kind)).problems({"x": text}) == {}
    assert entry(spec(kind)).values({"x": text}) == {"x": value}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CONTRAST_SET, "pairs.jsonl"),
        (CONTRAST_SET, "pairs"),
        (MODEL_SOURCE, "./model"),
        (MODEL_SOURCE, "model"),
        (VECTOR_FILE, "new/x.gguf"),
    ],
)
def test_paths_are_whole_because_the_engine_stands_elsewhere(
    kind: ParamKind, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("pairs.jsonl", "pairs"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "model").mkdir()
    assert entry(spec(kind)).values({"x": text}) == {"x": str(tmp_path / text)}
    (changed,) = absolute_params("extract", {"contrast": "pairs"}).values()
    assert changed == str(tmp_path / "pairs")


def test_the_lists_know_their_own() -> None:
    kinds = {"vector": VECTOR_SOURCE, "model": MODEL_SOURCE, "contrast": CONTRAST_SET}
    listed = {name: [known.name for known in kind.complete(MACHINE)] for name, kind in kinds.items()}
    assert "pirate" in listed["vector"]
    assert "pirate" in listed["contrast"]
    assert "demo-base" in listed["model"]
    assert all(kind.has_names for kind in kinds.values())


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
                    assert made._fields[each.name].text == each.text(each.default)
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
        await at.sees("seed is a whole number", "no contrast set 'nowhere'", "2 to fill in or correct")
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
