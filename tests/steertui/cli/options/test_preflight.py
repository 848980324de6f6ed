"""What is wrong with a job whatever its model says: refused before the model is loaded, and without torch."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import SteerError
from sessions.job_specs.catalogue import OFFERS
from steertui.cli import main, run_job
from steertui.cli.backend import LocalBackend, open_backend
from steertui.cli.options.preflight import check_api_key, check_params

THEMES = json.dumps({"name": "one", "tuned": ["rude"], "direction": "rude"})


@pytest.fixture(autouse=True)
def nowhere_to_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an engine is asked nor a model loaded."""

    def workplace(*_: Any) -> None:
        pytest.fail("a place to work was looked for")

    monkeypatch.setattr(run_job, "open_backend", workplace)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--read", "first"], 2, "no read 'first'; there is last, decision"),
        (["--read", "span:2"], 2, "span needs two token numbers"),
        (["--read", "regex:("], 2, "regex '('"),
        (["--read", "turn:two"], 2, "turn needs the number of a message"),
        (["--holdout", "1.5"], 2, "holdout is a share from 0 up to 1"),
        (["--layers", "5-3"], 2, "bad layer range '5-3'"),
        (["--beside", "missing.pt"], 4, "missing.pt"),
        (["--vector", "missing.gguf"], 4, "no vector 'missing.gguf': there is no such file"),
        (["--plot", "curves.gif"], 2, "a plot is written as .png or .svg"),
    ],
)
def test_an_extraction(
    words: list[str],
    code: int,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["extract", "--contrast", "pirate", "--out", "v.gguf", "--json"]
    assert main.main([*asked, *words]) == code
    assert sentence in json.loads(capsys.readouterr().out)["error"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["themes", "missing.jsonl"], 4, "missing.jsonl: no such file"),
        (["themes", "bad.jsonl"], 4, "bad.jsonl: line 1: direction has to be a list of texts"),
        (["themes", "themes.txt", "--other", "missing.txt"], 4, "no such file"),
        (
            ["themes", "themes.txt", "--other", "themes.txt", "--embeddings", "bad.jsonl"],
            4,
            "line 1: no 'text'",
        ),
        (["run", "distraction", "pirate", "--embeddings", "missing.npz"], 4, "missing.npz: no such file"),
        (["check", "missing.gguf"], 4, "no vector 'missing.gguf'"),
        (["check", "pirate", "--contrast", "nothing"], 4, "no contrast set 'nothing'"),
        (["check", "pirate", "--contrast", "bad.jsonl"], 4, "bad.jsonl"),
        (["run", "sweep", "pirate", "--prompts", "nothing"], 2, "no prompts 'nothing'"),
        (["run", "sweep", "pirate", "--prompts", "themes.txt"], 4, "themes.txt, line 1: no JSON"),
        (["run", "distraction", "pirate", "--tasks", "nothing"], 2, "no tasks 'nothing'"),
        (["run", "honeypot", "pirate", "--traps", "nothing"], 2, "no settings 'nothing'"),
        (["run", "axis-drift", "pirate", "--conversations", "missing.jsonl"], 4, "missing.jsonl"),
    ],
)
def test_other_jobs(
    words: list[str],
    code: int,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.jsonl").write_text(THEMES)
    (tmp_path / "themes.txt").write_text("it is rude\n")
    assert main.main([*words]) == code
    assert sentence in capsys.readouterr().err


def test_what_is_right_passes_and_costs_no_torch(tmp_path: Path) -> None:
    (tmp_path / "runs.jsonl").write_text(THEMES.replace('"direction": "rude"', '"direction": ["rude"]'))
    (tmp_path / "rows.jsonl").write_text('{"text": "rude", "row": [1, 2]}\n')
    given = {"contrast": "pirate", "out": "v.gguf", "read": "span:1:3", "layers": "3-5", "vector": "pirate"}
    asked = [
        ("extract", given),
        ("check", {"vector": "pirate", "contrast": "pirate"}),
        ("themes", {"themes": "runs.jsonl", "embeddings": "rows.jsonl"}),
        ("sweep", {"vector": "pirate", "prompts": "demo"}),
        ("distraction", {"vector": "pirate", "tasks": "english"}),
        ("honeypot", {"vector": "pirate", "traps": "demo"}),
    ]
    script = f"""
import sys
from sessions.job_specs.catalogue import OFFERS
from steertui.cli.options.preflight import check_params
for kind, given in {asked!r}:
    check_params(kind, OFFERS[kind].read(given))
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)


def test_a_name_that_is_to_be_made_need_not_be_there(tmp_path: Path) -> None:
    made = {"set": "kindness", "positive": "kind", "negative": "unkind", "out": str(tmp_path / "new.jsonl")}
    check_params("contrast-make", OFFERS["contrast-make"].read(made))
    with pytest.raises(SteerError, match="no contrast set 'kindness'"):
        check_params("check", OFFERS["check"].read({"vector": "pirate", "contrast": "kindness"}))


def test_a_job_without_an_offer_is_not_looked_at() -> None:
    check_params("count", vars(argparse.Namespace(to=-1)))


def test_a_judge_without_a_key_is_refused_before_a_model_is_loaded_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run_job, "open_backend", open_backend)
    monkeypatch.setattr(LocalBackend, "load", lambda *_: pytest.fail("a model was loaded"))
    judged = ["run", "sweep", "pirate", "--measure", "claude-coherence"]
    assert main.main(judged) == 7
    assert "set ANTHROPIC_API_KEY where this program is started" in capsys.readouterr().err


def test_an_estimate_needs_no_key_and_neither_does_what_costs_nothing() -> None:
    sweep = OFFERS["sweep"]
    check_api_key("sweep", sweep.read({"vector": "pirate"}))
    check_api_key("sweep", sweep.read({"vector": "pirate", "measure": "claude-coherence", "estimate": True}))
    with pytest.raises(SteerError, match="no key for Claude"):
        check_api_key("sweep", sweep.read({"vector": "pirate", "measure": "claude-coherence"}))
