"""The job of many answers by its parameters, as an engine or a form sends them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import core
import vectors
from core.errors import BadInput, UsageError
from core.jobs.job import End
from core.jobs.runner import run
from sessions.answers import answers_job as module
from sessions.answers.answers_job import answers_job
from tests.core import zoo


@pytest.fixture(scope="module")
def model() -> core.Model:
    return core.adopt(zoo.build(), zoo.tokenizer(), name="tiny")


def ended(model: core.Model, **params: Any) -> dict[str, Any]:
    *_, end = run(answers_job(model, {"max_new": 3, **params}))
    assert isinstance(end, End)
    return dict(end.summary)


def test_a_setting_of_a_single_answer_is_refused_whoever_sends_it(model: core.Model) -> None:
    with pytest.raises(UsageError, match="answers in lanes have no shadow"):
        answers_job(model, {"prompt": "x", "settings": {"shadow": "free"}})
    # A default is no wish.
    answers_job(model, {"prompt": "x", "settings": {"shadow": None}})


def test_a_vector_that_changed_since_the_command_is_refused(model: core.Model, tmp_path: Path) -> None:
    path = tmp_path / "push.safetensors"
    vectors.SteeringVector({1: torch.ones(zoo.HIDDEN)}).save(path)
    sha = vectors.read(path).sha256
    channel = core.Channel(vectors.read(path), scale=1.0)
    mixer = json.loads(json.dumps(core.Mixer((channel,)).to_json()))
    asked = {"prompt": "x", "mixer": mixer, "sources": {sha: str(path)}}
    assert ended(model, **asked)["done"] == 1
    vectors.SteeringVector({1: torch.arange(zoo.HIDDEN).float() + 1}).save(path)
    with pytest.raises(BadInput, match="has changed since the command began"):
        answers_job(model, asked)


def test_what_could_not_be_answered_is_counted(model: core.Model, tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    long = "word " * 600
    file.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in ("x", long, "y")))
    found = ended(model, prompts=str(file))
    assert (found["done"], found["failed"]) == (3, 1)


def test_an_estimate_counts_the_rounds_of_lanes(
    model: core.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock that goes on by a second whenever it is asked: encoding takes 1 s, a step a quarter."""
    file = tmp_path / "prompts.jsonl"
    file.write_text("".join(json.dumps({"prompt": f"say {n}"}) + "\n" for n in range(8)))
    for lanes, seconds in ((8, 1.8), (2, 7.0), (1, 14.0)):
        ticks = itertools.count()
        # The job's own clock: the loops that it runs have theirs.
        clock = SimpleNamespace(perf_counter=lambda ticks=ticks: float(next(ticks)))
        monkeypatch.setattr(module, "time", clock)
        found = ended(model, prompts=str(file), batch=lanes, estimate=True)["estimate"]
        assert found == {"answers": 8, "tokens": 24, "seconds": seconds}
