"""Certainty through a real session: flagged where steering makes a model certain, not where it is certain anyway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.collapse.collapse import CERTAIN
from steertui.cli import main
from tests.core.collapse.counting_model import CONSTANT, against_constant, save_counting

HOT = ("--temperature", "1", "--max-new", "60", "--json")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("counting")
    return {
        "open": save_counting(place / "open", constant=CONSTANT),
        "certain": save_counting(place / "certain", constant=0.0),
        "vector": against_constant(place / "against.safetensors"),
    }


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main.main(["say", "go", *words, *HOT]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_steering_that_leaves_no_choice_is_flagged_beside_a_forced_lane(
    folders: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    steered = ("--model", str(folders["open"]), "--vector", str(folders["vector"]))
    found = said(capsys, *steered, "--shadow", "forced")
    assert found["flags"]["collapsed"] == {
        "reason": "certainty",
        "at": CERTAIN - 1,
        "words": "no choice is left: entropy below 0.05 nats for 32 tokens, but not without steering",
    }
    # Nobody knows without the lane, and unsteered it is not certain.
    assert said(capsys, *steered)["flags"] == {}
    assert said(capsys, *steered[:2])["flags"] == {}


def test_null_a_model_that_is_certain_anyway(
    folders: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    steered = ("--model", str(folders["certain"]), "--vector", f"{folders['vector']}:0.2")
    found = said(capsys, *steered, "--shadow", "forced")
    assert max(found["logprobs"]) > -0.01
    assert found["flags"] == {}


@pytest.mark.parametrize(("model", "flagged"), [("open", [True, False, False]), ("certain", [False] * 3)])
def test_dose_0_is_the_unsteered_lane_of_its_prompt(
    model: str, flagged: list[bool], folders: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    doses = ("--vector", str(folders["vector"]), "--doses", "1,0,0.2")
    found = said(capsys, "--model", str(folders[model]), *doses)["answers"]
    assert ["collapsed" in row["flags"] for row in found] == flagged
    assert {row["flags"].get("collapsed", {}).get("reason") for row in found} <= {None, "certainty"}
