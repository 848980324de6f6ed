"""`steertui run`: the list, the options from the offers, JSON with what was promised, and every end with its code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sessions.experiments.phases.phases import PHASES
from sessions.experiments.registry import EXPERIMENTS
from sessions.job_specs.catalogue import OFFERS
from steertui.cli import main
from steertui.cli.verbs import run

PROMISED = {"rows", "summary", "control", "n", "seed", "cost", "experiment", "model"}
SHORT = ("--n", "2", "--max-new", "6", "--prompts", "english", "--own", "--no-record")


@pytest.fixture
def steered(tiny: Path, push: Path) -> list[str]:
    return [str(push), "--model", str(tiny), "--scale", "0.1", "--unit", "relative", *SHORT]


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main.main(words)
    out, err = capsys.readouterr()
    return code, out, err


def test_alone_it_lists_experiments_prompts_measures_and_judges(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["run"], capsys)
    assert code == 0
    assert all(name in out for name in (*EXPERIMENTS, "english", "words:A,B", "hints"))
    found = json.loads(said(["run", "--json"], capsys)[1])
    assert list(found["experiments"]) == list(EXPERIMENTS)


def test_every_experiment_is_an_offer_with_the_command_that_runs_it() -> None:
    for name in EXPERIMENTS:
        offer = OFFERS[name]
        assert offer.kind == name
        assert offer.verb == ("run", name)
        assert "estimate" in {param.name for param in offer.params}


def test_json_holds_what_was_promised(steered: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["run", "compare", *steered, "--json"], capsys)
    found = json.loads(out)
    assert code == 0
    assert found.keys() >= PROMISED
    assert found["n"] == 2
    assert found["cost"]["answers"] == 2 * 5
    assert "difference" in found["control"]


def test_an_estimate_is_only_the_cost(steered: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["run", "sweep", *steered, "--estimate", "--json"], capsys)
    found = json.loads(out)
    assert code == 0
    assert found["rows"] == []
    assert found["cost"]["tokens"] == found["cost"]["answers"] * 6


@pytest.mark.parametrize("scales", [["--scales", "-1,0.5"], ["--scales=-1,0.5"], ["--scales", "-.5"]])
def test_a_list_may_begin_with_a_minus(
    scales: list[str], steered: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As the command in a report writes it."""
    code, out, _ = said(["run", "sweep", *steered, *scales, "--estimate", "--json"], capsys)
    assert code == 0
    assert json.loads(out)["params"]["scales"][0] in (-1.0, -0.5)


def test_jsonl_begins_with_the_cost_and_ends_with_the_summary(
    steered: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said(["run", "compare", *steered, "--jsonl"], capsys)
    lines: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    assert (lines[0]["kind"], lines[0]["table"]) == ("row", "cost")
    assert lines[-1]["kind"] == "end"
    assert {"progress", "sample", "row", "point"} <= {line["kind"] for line in lines}


def test_in_words_the_tables_come_before_what_follows(
    steered: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said(["run", "compare", *steered], capsys)
    assert "at most 10 answers" in out
    assert (
        out.index("| condition") < out.index("- measure: echo") < out.index("- control") < out.index("n: 2")
    )


def test_a_report_lies_where_it_was_asked_for(
    steered: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, _ = said(["run", "compare", *steered, "--report", str(tmp_path / "r")], capsys)
    assert code == 0
    assert "# Compare two vectors" in (tmp_path / "r" / "report.md").read_text()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--measure", "charm"], 2, "no measure 'charm'"),
        (["--prompts", "latin"], 2, "neither a file nor one of demo"),
        (["--prompts", "missing.jsonl"], 4, "cannot read"),
        (["--layers", "99"], 4, "layer 99 asked for"),
        (["--n", "few"], 2, "n must be a finite number"),
        (["--scales", "1,much"], 2, "scales must be a finite number"),
    ],
)
def test_what_cannot_be_meant_ends_in_a_sentence(
    words: list[str], code: int, sentence: str, steered: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    ended, _, err = said(["run", "compare", *steered, *words], capsys)
    assert ended == code
    assert sentence in err
    assert "Traceback" not in err


def test_an_unknown_experiment_is_answered_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(["run", "hypnosis"], capsys)
    assert code == 2
    assert "sweep" in err


def test_gaps_of_a_judge_end_with_partly_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    partly = {"experiment": "sweep", "model": "m", "seed": 0, "cost": {}, "rows": [], "control": {}, "n": 4}
    monkeypatch.setattr(run, "run_experiment", lambda args: {**partly, "summary": {"missing": 1}})
    assert said(["run", "sweep", "v"], capsys)[0] == 3
    monkeypatch.setattr(run, "run_experiment", lambda args: {**partly, "summary": {"missing": 0}})
    assert said(["run", "sweep", "v"], capsys)[0] == 0


@pytest.mark.slow
def test_every_phase_of_a_study_is_a_command_of_its_own(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The notebooks of the source, one by one: what a phase needs, an earlier command has left in the folder."""
    study = ["--out", str(tmp_path), "--model", str(tiny), "--pairs", "12", "--behaviour", "compare", *SHORT]
    for phase in PHASES:
        code, out, err = said(["run", "phases", "honesty", "--only", phase, *study, "--json"], capsys)
        assert code == 0, err
        assert phase in json.loads(out)["summary"]
        assert (tmp_path / f"{phase}.json").is_file()
    assert "# A motivation study" in (tmp_path / "report.md").read_text()
