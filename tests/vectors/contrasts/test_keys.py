"""A key in a file of pairs is said in one line wherever the file is used; its texts stay as they are."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import vectors
from core.jobs.job import End, Job
from core.jobs.runner import run
from steertui.cli import main
from tests.core import zoo
from tests.vectors import samples
from vectors.checks import check
from vectors.contrasts.catalogue import contrast

ASKED = "is " + "sk-ant-" + "api03-not-a-real-one mine?"
SIDES = [(ASKED, "no"), ("yes", "never"), ("now", "then"), ("here", "there"), ("up", "down")]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps({"positive": a, "negative": b}) + "\n" for a, b in SIDES))
    return file


def test_a_set_knows_of_it(pairs: Path) -> None:
    (warning,) = contrast(pairs).warnings
    assert warning.startswith("pairs.jsonl: 1 of its texts hold a key")
    assert contrast(pairs).pairs[0].positive == ASKED
    assert not contrast("motivation").warnings


def test_it_is_said_once_when_a_set_is_shown(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["contrast", "show", str(pairs)]) == 0
    assert capsys.readouterr().err.count("hold a key") == 1


def test_it_is_said_once_when_a_vector_is_made(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = pairs.with_name("v.gguf")
    words = ["extract", "--contrast", str(pairs), "--out", str(out), "--model", "demo-base", "--layers", "5"]
    assert main.main([*words, "--no-dose", "--json"]) == 0
    assert sum("hold a key" in told for told in json.loads(capsys.readouterr().out)["warnings"]) == 1


@pytest.fixture
def tiny(tmp_path: Path) -> tuple[str, str]:
    """A model and a vector for it, in files."""
    zoo.build().save_pretrained(tmp_path / "tiny")
    zoo.tokenizer().save_pretrained(tmp_path / "tiny")
    rows = samples.rows(layers=tuple(range(zoo.LAYERS)), width=zoo.HIDDEN)
    vectors.SteeringVector(rows).save(tmp_path / "v.safetensors")
    return str(tmp_path / "tiny"), str(tmp_path / "v.safetensors")


def test_a_check_says_it_beside_its_report(
    pairs: Path, tiny: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def checked(*_: Any, **__: Any) -> Job:
        yield from ()
        return {"verdict": "green"}

    monkeypatch.setattr(check, "begin_check", checked)
    model: Any = SimpleNamespace(n_layers=zoo.LAYERS, hidden_size=zoo.HIDDEN, name="tiny")
    work = run(check.check_job(model, {"vector": tiny[1], "contrast": str(pairs)}))
    (end,) = (event for event in work if isinstance(event, End))
    assert end.summary == {"verdict": "green", "warnings": list(contrast(pairs).warnings)}


@pytest.mark.slow
def test_it_is_said_once_when_a_vector_is_checked_on_it(
    pairs: Path, tiny: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    model, vector = tiny
    words = ["check", vector, "--model", model, "--contrast", str(pairs), "--max-new", "1", "--layers", "1"]
    assert main.main(words) == 0
    assert capsys.readouterr().out.count("note: pairs.jsonl: 1 of its texts hold a key") == 1


def test_it_is_said_once_when_a_change_of_weights_reads_it(
    pairs: Path, tiny: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    model, vector = tiny
    zoo.build(seed=1).save_pretrained(pairs.with_name("tuned"))
    words = ["diff", model, str(pairs.with_name("tuned")), "--top", "1", "--inputs", str(pairs)]
    assert main.main([*words, "--vector", vector]) == 0
    assert capsys.readouterr().out.count("note: pairs.jsonl: 1 of its texts hold a key") == 1
