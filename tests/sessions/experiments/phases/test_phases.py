"""The study's folder: what each phase leaves, what it needs, and that a phase alone says what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import core
from core.errors import BadInput, SteerError, UsageError
from core.jobs.job import JobEvent, Row
from core.jobs.runner import run
from sessions.experiments import registry
from sessions.experiments.phases.study import StudyFolder
from sessions.experiments.scoring.model_sampler import TorchSampler
from tests.sessions.experiments.running import events, report
from tests.sessions.experiments.scripted import ScriptedVoice


def params(folder: Path, **more: Any) -> dict[str, Any]:
    return {"contrast": "determined-drifting", "out": str(folder), **more}


def voice() -> ScriptedVoice:
    return ScriptedVoice(lambda prompt, mixer: "a task", name="demo-base")


def test_the_dataset_takes_of_every_domain_in_turn(tmp_path: Path) -> None:
    found = report("phases", voice(), params(tmp_path, only="dataset", pairs=10))
    header, *lines = [json.loads(line) for line in (tmp_path / "dataset.jsonl").read_text().splitlines()]
    assert header["poles"] == found["summary"]["dataset"]["poles"]
    counts = found["summary"]["dataset"]["domains"]
    assert len(lines) == sum(counts.values()) == 10
    assert max(counts.values()) - min(counts.values()) <= 1
    assert {"positive", "negative", "domain"} <= lines[0].keys()


@pytest.mark.parametrize(
    ("only", "words"),
    [
        ("extraction", "dataset.jsonl is not there: run the phase dataset first"),
        ("validation", "vector.safetensors is not there: run the phase extraction first"),
        ("behaviour", "vector.safetensors is not there: run the phase extraction first"),
        ("analysis", "holds no findings yet"),
        ("dreams", "no phase 'dreams': the phases are dataset, extraction"),
    ],
)
def test_a_phase_alone_says_what_it_misses(only: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SteerError, match=words):
        events("phases", voice(), params(tmp_path, only=only))


def test_without_a_tuned_model_the_weights_are_skipped_and_that_is_said(tmp_path: Path) -> None:
    found = report("phases", voice(), params(tmp_path, only="dataset,weights"))
    assert found["summary"]["weights"] == {"skipped": "no tuned model was named: --tuned MODEL"}


def test_behaviour_is_seen_in_experiments_and_told_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "vector.safetensors").write_bytes(b"scripted")
    more = {"only": "behaviour,analysis", "behaviour": "sweep", "n": 3, "measure": "words:task"}
    found: list[JobEvent] = events("phases", voice(), params(tmp_path, **more))
    tables = {event.table for event in found if isinstance(event, Row)}
    assert {"behaviour: sweep: doses", "behaviour: sweep: cost"} <= tables
    text = (tmp_path / "report.md").read_text()
    assert "## behaviour: sweep: doses" in text
    assert "sweep: answers" not in text
    samples = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    assert len(samples) == 3 * 13
    assert samples[0]["condition"] == "behaviour: sweep: unsteered"


def test_findings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    study = StudyFolder.open_folder(str(tmp_path))
    assert study.load_findings("dataset") is None
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(BadInput, match="run that phase again"):
        study.load_findings("dataset")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make the folder"):
        StudyFolder.open_folder(str(tmp_path / "file" / "study"))


@pytest.mark.slow
def test_the_whole_study_on_the_demo_models(tmp_path: Path) -> None:
    told = {"tuned": "demo-instruct", "behaviour": "sweep", "n": 6, "max_new": 30, "pairs": 60}
    job = registry.experiment_job("phases", TorchSampler(core.load("demo-base")), params(tmp_path, **told))
    found = dict(list(run(job))[-1].summary)["summary"]  # type: ignore[union-attr]
    assert found["extraction"]["best"]["accuracy"] > 0.8
    assert found["validation"]["verdict"] in ("green", "amber")
    assert found["behaviour"]["sweep"]["summary"]["slope"]["value"] > 0
    assert found["weights"]["activations"]["n_effective"] == 6
    assert (tmp_path / "report.md").is_file()
