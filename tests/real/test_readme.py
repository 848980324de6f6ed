"""What README says about a vector of one's own, run as it is written on the real model."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

import vectors
from steertui.cli import main

ROOT = Path(__file__).parents[2]
SECTION = "### A vector of your own"


def commands() -> list[list[str]]:
    """The words of each command in the section, without the program."""
    text = (ROOT / "README.md").read_text("utf-8").partition(SECTION)[2].partition("\n###")[0]
    (block,) = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    lines = block.replace("\\\n", "").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line]


def test_its_commands_make_a_vector_that_steers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    done = []
    for words in commands():
        # What takes minutes is begun in another test; here the measurement is only asked what it would take.
        shorter = {"extract": ["--no-dose"], "check": ["--estimate"]}.get(words[0], [])
        assert main.main([*words, *shorter]) == 0, words
        done.append(words[0])
        if words[0] == "say":
            table = capsys.readouterr().out
    assert done == ["contrast", "extract", "check", "say", "library"]
    # Behind what the commands before it have printed.
    rows = table.rpartition("  dose  text\n")[2]
    texts = re.findall(r"^ {0,5}([+-]?\d)  (.*)$", rows, re.MULTILINE)
    assert [dose for dose, _ in texts] == ["-2", "-1", "0", "+1", "+2"]
    assert len({text for _, text in texts}) >= 4
    assert vectors.read("weather").layers == vectors.read(tmp_path / "weather.safetensors").layers


def test_the_lint_of_its_set_finds_only_that_it_is_small(capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "docs" / "examples" / "weather.jsonl"
    assert main.main(["contrast", "lint", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [finding["kind"] for finding in told["findings"]] == ["hold-out"]
    assert (told["n_pairs"], told["read"]) == (32, "response-mean")
