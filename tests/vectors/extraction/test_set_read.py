"""An extraction uses the read that the set names, and says first what speaks against the set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import core
import vectors
from core.jobs.job import Job, JobEvent, Row
from core.jobs.runner import run
from steertui.cli.main import main
from tests.core import zoo
from vectors.extraction import extract as extracting
from vectors.extraction.job import extraction_job
from vectors.extraction.request import Recipe
from vectors.texts.pair import ContrastPair, ContrastSet

HEADER = {"read": "response-mean", "poles": ["warm", "cold"]}
REPLIES = [("you", "two"), ("now", "dog"), ("her", "ten"), ("sky", "arm"), ("sun", "leg")]
Say = pytest.CaptureFixture[str]


def reply_rows() -> list[dict[str, object]]:
    def talk(word: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": "hi"}, {"role": "assistant", "content": f"It is {word}."}]

    return [{"positive": talk(one), "negative": talk(other)} for one, other in REPLIES]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in (HEADER, *reply_rows())))
    return file


@pytest.fixture
def words(tmp_path: Path, pairs: Path) -> list[str]:
    zoo.build().save_pretrained(tmp_path / "tiny")
    zoo.tokenizer().save_pretrained(tmp_path / "tiny")
    model, out = str(tmp_path / "tiny"), str(tmp_path / "v.safetensors")
    return ["extract", "--contrast", str(pairs), "--out", out, "--model", model, "--no-dose", "--own"]


def test_the_read_of_the_set_is_used_and_an_option_wins(words: list[str], capsys: Say) -> None:
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["read"] == "response-mean"
    assert not any("last token" in warning for warning in report["warnings"])
    assert vectors.read(words[4]).about.sign_note == "+ = warm, − = cold"
    assert main([*words, "--read", "last", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["read"] == "last"
    assert report["warnings"][0].startswith("last reads the last token of a reply, and 10 of 10 replies")


def test_what_speaks_against_the_set_is_said_first_and_once(words: list[str], capsys: Say) -> None:
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert err.startswith("note: ")
    assert err.index("note: 0 held-out pairs of 5") < err.index("pairs.jsonl: 5 pairs in the shape pairs")
    assert "held-out pairs of 5 cannot" not in out


def test_the_job_reports_the_findings_before_it_reads() -> None:
    found = ContrastSet("mine", (ContrastPair("a b c", "d e f"), ContrastPair("g h i", "j k l")))
    events: list[JobEvent] = []

    def job() -> Job:
        yield from extracting.report_lint(found, Recipe())
        return {}

    events += run(job())
    rows = [event for event in events if isinstance(event, Row)]
    assert [(row.table, row.key) for row in rows] == [("contrast set", "1 hold-out")]


def test_rows_of_the_lint_come_first(words: list[str], pairs: Path) -> None:
    model = core.load(words[6])
    params = {"contrast": str(pairs), "out": words[4], "suggest": False}
    kinds = [event.table for event in run(extraction_job(model, params)) if isinstance(event, Row)]
    assert kinds[0] == "contrast set"
    assert "layers" in kinds


def test_a_notebook_takes_the_read_of_the_set(words: list[str], pairs: Path) -> None:
    model = core.load(words[6])
    assert vectors.extract(model, vectors.contrast(pairs), suggest=False).vector.about.read == "response-mean"
    assert (
        vectors.extract(model, vectors.contrast(pairs), read="last", suggest=False).vector.about.read
        == "last"
    )
