"""A key in a file of pairs is said in one line wherever the file is used; its texts stay as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steertui import cli
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
    assert cli.main(["contrast", "show", str(pairs)]) == 0
    assert capsys.readouterr().err.count("hold a key") == 1


def test_it_is_said_once_when_a_vector_is_made(pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = pairs.with_name("v.gguf")
    words = ["extract", "--contrast", str(pairs), "--out", str(out), "--model", "demo-base", "--layers", "5"]
    assert cli.main([*words, "--no-dose", "--json"]) == 0
    assert sum("hold a key" in told for told in json.loads(capsys.readouterr().out)["warnings"]) == 1
