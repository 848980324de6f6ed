"""A vector made on the real model: what its card says, where it separates, which vectors do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import vectors
from steertui.cli import main


def test_the_card_says_what_it_was_made_on(persona_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main.main(["card", str(persona_file), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert (card["format"], card["hidden_size"], len(card["layers"])) == ("native", 576, 30)
    assert card["warnings"] == []


def test_held_out_pairs_are_told_apart_in_the_middle(persona_file: Path) -> None:
    metrics = vectors.read(persona_file).about.metrics["layers"]
    assert metrics["14"]["accuracy"] >= 0.9
    assert metrics["14"]["d"] > metrics["0"]["d"]


def test_starters_of_the_demo_do_not_fit_and_the_own_vector_does(
    persona_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["library", "add", str(persona_file), "--name", "persona"]) == 0
    capsys.readouterr()
    assert main.main(["library", "list", "--model", "smollm2", "--json"]) == 0
    doubts = {row["name"]: row["doubts"] for row in json.loads(capsys.readouterr().out)["vectors"]}
    assert doubts["persona"] == []
    assert doubts["pirate"] == ["vector 96, model 576 dimensions (smollm2)"]
