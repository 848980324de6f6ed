"""`steertui extract` as a process: stopped in its search for a dose, silent stages, what it will take."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import vectors
from steertui.cli.main import main

ROOT = Path(__file__).parents[3]
WORDS = ("extract", "--contrast", "pirate", "--model", "demo-base", "--own", "--no-record")
SLOW = """
import sys, time
from core.jobs.job import gpu_task
from vectors.extraction import job
search = job.add_dose
def slow(*given):
    yield gpu_task(lambda: time.sleep(23))
    return (yield from search(*given))
job.add_dose = slow
from steertui.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
HELD = """
import sys, threading
from steertui.cli import run_job
from vectors.extraction import states
interrupted, read, usual, steps = threading.Event(), [], run_job.on_ctrl_c, states.capture_steps
def held(model, prompts, keep, **how):
    def second_waits(*part):
        assert not read or interrupted.wait(300)
        read.append(keep(*part))
    return steps(model, prompts, second_waits, **how)
states.capture_steps = held
run_job.on_ctrl_c = lambda cancel: usual(lambda: (cancel(), interrupted.set()))
from steertui.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""After the first texts, the next are read only when ctrl+c has come: a busy machine cannot be too late."""


def started(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_ctrl_c_in_the_search_keeps_the_vector(tmp_path: Path) -> None:
    out = tmp_path / "v.safetensors"
    running = started("-m", "steertui", *WORDS, "--out", str(out), "--json")
    assert running.stderr is not None
    lines = iter(running.stderr.readline, "")
    assert any(line.startswith(f"written to {out}; now its dose is searched (ctrl+c") for line in lines)
    running.send_signal(signal.SIGINT)
    stdout, err = running.communicate(timeout=300)
    report = json.loads(stdout)
    assert running.returncode == 130
    assert (report["dose_search"], report["suggestion"]) == ("stopped", None)
    assert err.splitlines()[-1] == report["warnings"][-1]
    assert f"stopped before a dose was found: the vector is in {out}" in err
    assert vectors.read(out).sha256 == report["sha256"]


def test_ctrl_c_before_there_is_a_vector_reports_nothing(tmp_path: Path) -> None:
    out = tmp_path / "v.safetensors"
    running = started("-c", HELD, *WORDS, "--out", str(out), "--jsonl", "--batch-tokens", "64")
    assert running.stdout is not None
    reads = any('"texts read"' in line for line in iter(running.stdout.readline, ""))
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=300)
    assert reads, err
    assert running.returncode == 130
    assert err.endswith("steertui: interrupted\n")
    assert not out.exists()


def test_the_report_ends_with_the_dose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "v.safetensors"
    assert main([*WORDS, "--out", str(out)]) == 0
    shown = capsys.readouterr()
    hint = vectors.read(out).suggestion
    assert hint is not None
    assert f"try {hint['scale']:.2g} natural on layers " in shown.out
    assert shown.err.count("now its dose is searched") == 1
    assert main([*WORDS, "--out", str(out), "--no-dose"]) == 0
    shown = capsys.readouterr()
    assert "try " not in shown.out
    assert "dose" not in shown.err


@pytest.mark.slow
def test_a_long_silent_stage_is_heard_of_every_ten_seconds(tmp_path: Path) -> None:
    running = started("-c", SLOW, *WORDS, "--out", str(tmp_path / "v.safetensors"), "--json")
    assert running.stderr is not None
    # From the first line on: before it Python starts, which takes as long as a busy machine likes.
    moments, lines = [], []
    for line in iter(running.stderr.readline, ""):
        moments.append(time.monotonic())
        lines.append(line)
    assert running.wait(120) == 0
    moments.append(time.monotonic())
    gaps = [later - before for before, later in pairwise(moments)]
    assert max(gaps) <= 10, lines
    assert sum(bool(re.match(r"\d+ s: layers measured 10/10$", line)) for line in lines) >= 2


@pytest.mark.parametrize("more", [[], ["--no-dose"], ["--layers", "0-4"], ["--tuned", "demo-instruct"]])
def test_an_estimate_names_its_times_and_writes_nothing(
    more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "v.safetensors"
    assert main([*WORDS, "--out", str(out), "--estimate", "--json", *more]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["estimate"]
    assert found["texts"] >= 300
    assert 0 < found["seconds_to_vector"] <= found["seconds"] < 120
    assert (found["seconds_to_vector"] == found["seconds"]) == ("--no-dose" in more)
    assert not out.exists()
    assert main([*WORDS, "--out", str(out), "--estimate", *more]) == 0
    assert re.match(r"about \S+ s to the vector, \S+ s with its dose on demo-base", capsys.readouterr().out)
