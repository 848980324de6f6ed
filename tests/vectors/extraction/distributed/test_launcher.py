"""`steertui extract --ranks G`: one vector from several processes, each on a device of its own, and none too few."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import platformdirs
import pytest
import torch

import vectors
from core.errors import UsageError
from core.jobs.job import End, JobEvent, Progress, Task
from core.jobs.runner import run
from sessions.job_factories import JOBS
from sessions.live.torch_backend import TorchBackend
from steertui.cli.main import main
from tests.core import zoo
from vectors.contrasts.catalogue import contrast
from vectors.extraction.distributed import launcher, worker
from vectors.extraction.job import state_folder

Say = pytest.CaptureFixture[str]


def line(out: Path, *more: str) -> list[str]:
    words = ["extract", "--contrast", "pirate", "--model", "demo-base", "--layers", "4-6", "--own"]
    return [*words, "--out", str(out), "--json", *more]


def apart(one: vectors.SteeringVector, other: vectors.SteeringVector, layer: int) -> float:
    return float((one.raw(layer) - other.raw(layer)).__abs__().max())


def test_two_processes_make_the_vector_of_one(tmp_path: Path, capsys: Say) -> None:
    out, single = tmp_path / "two.safetensors", tmp_path / "one.safetensors"
    assert main(line(out, "--ranks", "2")) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report["layers"]) == ["4", "5", "6"]
    assert report["layers"]["5"]["n_holdout"] == 0
    assert "read by 2 processes, without a hold-out" in report["warnings"][-1]
    assert main(line(single, "--no-dose", "--holdout", "0")) == 0
    one, two = vectors.read(single), vectors.read(out)
    assert report["sha256"] == two.sha256
    assert one.layers == two.layers
    for layer in one.layers:
        assert apart(one, two, layer) < 1e-5 * one.act_norms[layer]
    params = {"model": "demo-base", "layers": "4-6", "ranks": 2}
    assert not state_folder(params, contrast("pirate")).exists(), "states do not outlive the job"


@pytest.mark.slow
def test_in_bfloat16_the_direction_is_the_same(tmp_path: Path, capsys: Say) -> None:
    made = []
    for more in (("--ranks", "2"), ("--ranks", "3"), ("--no-dose", "--holdout", "0")):
        out = tmp_path / f"{len(made)}.safetensors"
        assert main(line(out, "--dtype", "bfloat16", *more)) == 0
        made.append(vectors.read(out))
    for other in made[:2]:
        for layer, direction in made[2].directions.items():
            assert float(other.directions[layer] @ direction) >= 0.999


@pytest.mark.slow
def test_stopped_ranks_are_gone_and_go_on_to_the_same_bytes(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"contrast": "pirate", "model": "demo-base", "layers": "5", "ranks": 2}
    asked |= {"batch_tokens": 256, "name": "same"}
    whole, resumed = (asked | {"out": str(tmp_path / f"{name}.gguf")} for name in ("whole", "resumed"))
    assert ended(launcher.distributed_job(whole)).status == "done"
    assert ended(launcher.distributed_job(resumed), stop_at=300).status == "cancelled"
    # A process that was ended while it wrote leaves its unfinished file, whose name begins with a point.
    kept = list((state_folder(asked, contrast("pirate")) / "merged.ranks").glob("rank-*"))
    assert len(kept) == 2
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(state_folder(asked, contrast("pirate"))) not in listed, "no process is left behind"
    assert ended(launcher.distributed_job(resumed)).status == "done"
    assert Path(resumed["out"]).read_bytes() == Path(whole["out"]).read_bytes()


def ended(job: Any, stop_at: int | None = None) -> End:
    cancel, last = threading.Event(), JobEvent()
    for last in run(job, cancel=cancel):
        if isinstance(last, Progress) and stop_at is not None and last.done >= stop_at:
            cancel.set()
    assert isinstance(last, End)
    return last


def spec(folder: Path, **more: Any) -> Path:
    file = folder / "spec.json"
    asked = {"model": "demo-base", "contrast": "pirate", "out": str(folder / "v.gguf"), "processes": 2}
    file.write_text(json.dumps(asked | more))
    return file


def test_a_process_alone_does_not_take_itself_for_the_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Say
) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr(worker, "load", lambda *_, **__: pytest.fail("a model was loaded"))
    monkeypatch.setattr(sys, "argv", ["ranks", str(spec(tmp_path))])
    assert worker.main() == UsageError.exit_code
    out, err = capsys.readouterr()
    assert "2 processes were asked for, 1 run" in err
    assert json.loads(out)["exit_code"] == UsageError.exit_code


@pytest.mark.slow
def test_accelerate_on_a_cpu_starts_one_process_and_is_refused(tmp_path: Path) -> None:
    words = ["accelerate.commands.launch", "--cpu", "--num_processes", "2", "-m"]
    done = subprocess.run(
        [sys.executable, "-m", *words, "vectors.extraction.distributed.worker", str(spec(tmp_path))],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ,
    )
    assert done.returncode != 0
    assert "2 processes were asked for, 1 run: start them with torchrun" in done.stderr
    assert not (tmp_path / "v.gguf").exists()


def test_each_rank_of_a_host_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker.loading_options({"loading": {"dtype": "bfloat16"}}) == {"dtype": "bfloat16"}, "no GPU here"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for here in (0, 1):
        monkeypatch.setenv("LOCAL_RANK", str(here))
        assert worker.loading_options({}) == {"device": f"cuda:{here}"}
        assert worker.loading_options({"loading": {"device": "cpu"}}) == {"device": "cpu"}, (
            "unless something is said"
        )
        assert worker.loading_options({"loading": {"device_map": "auto"}}) == {"device_map": "auto"}
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(UsageError, match="rank 2 of this host has no GPU, there are 2"):
        worker.loading_options({})


def test_an_engine_has_them_load_what_it_was_asked_to_load(tmp_path: Path) -> None:
    """The name of a resident model is no path to it."""
    folder = tmp_path / "deep" / "model"
    zoo.build().save_pretrained(folder)
    zoo.tokenizer().save_pretrained(folder)
    resident = TorchBackend().load(str(folder), {"dtype": "float32"}, lambda share, note: None)
    assert resident.model.name == "model"
    job = JOBS["extract"](resident, {"contrast": "pirate", "ranks": 2, "out": str(tmp_path / "v.gguf")})
    step = next(job)
    assert isinstance(step, Task), "the first one reads a line of theirs"
    asked = json.loads(next(store_of_all().glob("*/spec.json")).read_text())
    job.close()
    assert asked["model"] == str(folder)
    assert asked["loading"] == {"dtype": "float32"}


def store_of_all() -> Path:
    return Path(platformdirs.user_cache_dir("steertui")) / "extract"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"method": "logistic"}, "needs all states in one process"),
        ({"read": "response-mean"}, "cannot generate replies"),
        ({"tuned": "demo-instruct"}, "leave out --tuned"),
        ({"estimate": True}, "leave out --ranks"),
        ({"out": "v.txt"}, "cannot write this suffix"),
    ],
)
def test_what_ranks_cannot_do_is_said_at_once(more: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    asked = {"contrast": "pirate", "model": "demo-base", "ranks": 2, "out": str(tmp_path / "v.gguf")}
    with pytest.raises(UsageError, match=sentence):
        next(launcher.distributed_job(asked | more))


@pytest.mark.slow
def test_a_refusal_of_a_rank_is_the_commands(tmp_path: Path, capsys: Say) -> None:
    assert main(line(tmp_path / "v.gguf", "--ranks", "2", "--read", "turn:9")) == UsageError.exit_code
    assert "turn 9 of a text with" in json.loads(capsys.readouterr().out)["error"]
