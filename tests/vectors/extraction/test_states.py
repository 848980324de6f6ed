"""States in mapped files: taken over from the same read only, and whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import core
from core.jobs.job import Progress, run_steps
from core.jobs.runner import run
from tests.core import zoo
from tests.core.naive import prompts
from vectors.extraction.states import ReadSettings, read_states
from vectors.texts.tokenized import TokenizedText


@pytest.fixture(scope="module")
def model() -> core.Model:
    return core.adopt(zoo.build("llama"), zoo.tokenizer())


def steps(model: core.Model, rows: list[list[int]], **how: Any) -> Any:
    settings: dict[str, Any] = {"layers": (0, 1, 2), "batch_tokens": 120} | how
    choice = settings.pop("choice", -1)
    sides = [TokenizedText(tuple(row)) for row in rows]
    return read_states(model, sides, [choice] * len(rows), ReadSettings(**settings))


def assert_equal(got: dict[int, torch.Tensor], wanted: dict[int, torch.Tensor]) -> None:
    assert list(got) == list(wanted)
    assert all(torch.equal(got[layer], wanted[layer]) for layer in wanted)


def test_an_interrupted_read_goes_on_from_its_files(model: core.Model, tmp_path: Path) -> None:
    wanted = run_steps(steps(model, prompts(12)))
    for event in run(steps(model, prompts(12), store=tmp_path)):
        if isinstance(event, Progress) and event.done >= 5:
            break
    resumed = list(run(steps(model, prompts(12), store=tmp_path)))
    assert isinstance(resumed[0], Progress)
    assert resumed[0].done > 5
    again = list(run(steps(model, prompts(12), store=tmp_path)))
    assert again[0] == Progress(12, 12, "texts read")
    assert len(again) == 2
    assert_equal(run_steps(steps(model, prompts(12), store=tmp_path)), wanted)


@pytest.mark.parametrize(
    "change", [{"choice": 0}, {"turned": True}, {"layers": (1, 2)}, {"batch_tokens": 60}]
)
def test_files_of_another_read_are_not_taken_over(
    model: core.Model, tmp_path: Path, change: dict[str, Any]
) -> None:
    run_steps(steps(model, prompts(6), store=tmp_path))
    rows = prompts(6)[::-1] if change.pop("turned", False) else prompts(6)
    assert_equal(
        run_steps(steps(model, rows, store=tmp_path, **change)), run_steps(steps(model, rows, **change))
    )


@pytest.mark.parametrize("gone", ["layer-001.npy", "finished.npy", "key.json"])
def test_a_file_that_is_gone_is_not_taken_for_read(model: core.Model, tmp_path: Path, gone: str) -> None:
    wanted = run_steps(steps(model, prompts(6)))
    run_steps(steps(model, prompts(6), store=tmp_path))
    (tmp_path / gone).unlink()
    assert_equal(run_steps(steps(model, prompts(6), store=tmp_path)), wanted)
