"""Stopped and started again, at any moment and by any means, every job leaves the bytes of one that was not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch.distributed as dist

import core
from core.jobs.job import End, Job, Progress
from core.jobs.resume import FinishedTasks
from core.jobs.runner import run
from vectors.contrasts.catalogue import contrast
from vectors.diff import job as diff_job
from vectors.extraction.distributed import worker
from vectors.extraction.job import extraction_job, state_folder, two_model_job

SIDES = {"positive": "Help me with", "negative": "Tell me about"}


@pytest.fixture(scope="module")
def base() -> core.Model:
    return core.load("demo-base")


def to_the_end(work: Job, steps: FinishedTasks | None, stop_after: int | None = None) -> End:
    """The job's end; after so many events it is cancelled, as ctrl+c would."""
    cancel, end = threading.Event(), None
    for number, event in enumerate(run(work, finished=steps, cancel=cancel), start=1):
        if number == stop_after:
            cancel.set()
        end = event
    assert isinstance(end, End)
    return end


def stopped_often(make: Callable[[], Job], steps: Path, moments: tuple[int, ...]) -> End:
    for moment in moments:
        assert to_the_end(make(), FinishedTasks(steps), moment).status == "cancelled"
    return to_the_end(make(), FinishedTasks(steps))


def questions(file: Path) -> Path:
    """A small set whose replies are not there yet."""
    rows = [
        {side: [{"role": "user", "content": f"{ask} the {thing}."}] for side, ask in SIDES.items()}
        for thing in ("parser", "lute", "kitten", "boat")
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.mark.parametrize(
    "choices",
    [
        {"suggest": True, "layers": "4-6"},
        {"read": "response-mean", "contrast": "asked.jsonl", "layers": "5"},
        {"method": "logistic", "layers": "5"},
        {"tuned": "demo-instruct", "layers": "5-6"},
    ],
    ids=["with a dose", "with replies", "a probe", "two models"],
)
def test_an_extraction(base: core.Model, choices: dict[str, Any], tmp_path: Path) -> None:
    asked = {"contrast": "pirate", "suggest": False, "batch_tokens": 512, "name": "same"} | choices
    if asked["contrast"] == "asked.jsonl":
        asked["contrast"] = str(questions(tmp_path / "asked.jsonl"))

    def make(out: Path) -> Job:
        params = asked | {"out": str(out)}
        if "tuned" in params:
            return two_model_job(lambda: core.load("demo-instruct"), lambda: base, params)
        return extraction_job(base, params)

    whole, resumed = tmp_path / "whole.safetensors", tmp_path / "resumed.safetensors"
    first = to_the_end(make(whole), None)
    last = stopped_often(lambda: make(resumed), tmp_path / "steps.jsonl", (2, 7, 9))
    assert resumed.read_bytes() == whole.read_bytes()
    assert dict(last.summary) | {"out": ""} == dict(first.summary) | {"out": ""}


def test_a_weight_diff(tmp_path: Path) -> None:
    def make(name: str) -> Job:
        made = {"module": "o_proj", "out": str(tmp_path / f"{name}.safetensors")}
        return diff_job.diff_job({"base": "demo-base", "tuned": "demo-instruct", "vector": "pirate", **made})

    first = to_the_end(make("whole"), None)
    last = stopped_often(lambda: make("resumed"), tmp_path / "steps.jsonl", (3, 40, 90))
    assert (tmp_path / "resumed.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    moving = {"out": "", "peak_anon": 0}
    assert dict(last.summary) | moving == dict(first.summary) | moving


@pytest.fixture
def one_rank(tmp_path: Path) -> Iterator[None]:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_ranks(one_rank: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rank that dies goes on behind the last state it kept, with the batches it would have had."""
    monkeypatch.setattr(worker, "EVERY", 2)
    asked = {"model": "demo-base", "contrast": "pirate", "layers": "5", "batch_tokens": 512, "processes": 1}
    whole, resumed = (
        {**asked, "out": str(tmp_path / f"{name}.safetensors")} for name in ("whole", "resumed")
    )
    worker.run(whole)
    steps = worker.capture_steps

    def dying(model: core.Model, ids: Any, keep: Any, **choices: Any) -> Iterator[Any]:
        parts = iter(range(3))

        def keep_three(*part: Any) -> None:
            if next(parts, None) is None:
                raise KeyboardInterrupt
            keep(*part)

        return steps(model, ids, keep_three, **choices)

    for _ in range(2):
        monkeypatch.setattr(worker, "capture_steps", dying)
        with pytest.raises(KeyboardInterrupt):
            worker.run(resumed)
    monkeypatch.setattr(worker, "capture_steps", steps)
    worker.run(resumed)
    assert Path(resumed["out"]).read_bytes() == Path(whole["out"]).read_bytes()


@pytest.mark.slow
def test_a_killed_command(tmp_path: Path) -> None:
    """kill -9 in the middle of reading; the same command again ends with the same bytes."""
    words = ["extract", "--model", "demo-base", "--contrast", "pirate", "--no-dose", "--layers", "5", "--own"]
    command = [sys.executable, "-m", "steertui", *words, "--batch-tokens", "256", "--name", "same", "--jsonl"]
    whole, resumed = tmp_path / "whole.safetensors", tmp_path / "resumed.safetensors"
    subprocess.run([*command, "--out", str(whole)], check=True, capture_output=True)
    with subprocess.Popen([*command, "--out", str(resumed)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["kind"] == "progress" and event["unit"] == "texts read" and event["done"] > 100:
                os.kill(process.pid, signal.SIGKILL)
                break
    assert not resumed.exists()
    again = subprocess.run([*command, "--out", str(resumed)], check=True, capture_output=True, text=True)
    events = [json.loads(line) for line in again.stdout.splitlines()]
    read = next(
        event["done"] for event in events if event["kind"] == Progress.kind and event["unit"] == "texts read"
    )
    assert read > 100, "what was read is not read again"
    assert resumed.read_bytes() == whole.read_bytes()
    asked = {"contrast": "pirate", "model": "demo-base", "layers": "5", "batch_tokens": 256}
    assert not state_folder(asked, contrast("pirate")).exists()
