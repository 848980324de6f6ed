"""What was held out is on the card, and a check judges on nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

import core
import vectors
from core.jobs.runner import run
from steertui.vector_args import card_lines
from tests.vectors.files.test_roundtrip import path_for
from vectors.checks.halves import halves_of_set
from vectors.contrasts.catalogue import contrast
from vectors.data.metadata import About, HoldOut
from vectors.extraction.job import extraction_job, two_model_job
from vectors.files import formats
from vectors.texts.pair import split_pairs


@pytest.fixture(scope="module")
def base() -> core.Model:
    return core.load("demo-base")


def made(base: core.Model, out: Path, to: str, **choices: object) -> vectors.SteeringVector:
    asked = {"contrast": "pirate", "out": str(out), "to": to, "suggest": False, "layers": "1,2,4"}
    for _ in run(extraction_job(base, asked | choices)):
        pass
    return vectors.read(out)


@pytest.mark.parametrize("name", formats.WRITERS)
def test_every_format_keeps_it(base: core.Model, name: str, tmp_path: Path) -> None:
    vector = made(base, path_for(tmp_path, name), name, holdout=0.3, seed=5)
    assert vector.about.holdout == HoldOut(0.3, 5, "pairs", 196)
    assert vector.card.to_json()["holdout"] == {"share": 0.3, "seed": 5, "unit": "pairs", "count": 196}
    assert any("30% of 196 pairs, drawn with seed 5" in line for line in card_lines(vector.card))


def test_the_pairs_that_judge_are_those_that_were_held_out(base: core.Model, tmp_path: Path) -> None:
    vector = made(base, tmp_path / "v.safetensors", "native", seed=5)
    found = contrast("pirate")
    split = split_pairs([pair.key for pair in found.pairs], 0.2, 5)
    halves = halves_of_set(found, vector.about, seed=0)
    keys = {found.pairs[place].key for place in split.holdout}
    assert not halves.in_sample
    assert {pair.key for pair in halves.held} == keys
    assert not keys & {pair.key for pair in halves.made}


def test_without_a_hold_out_no_pair_is_outside(base: core.Model, tmp_path: Path) -> None:
    vector = made(base, tmp_path / "v.safetensors", "native", holdout=0.0)
    assert vector.about.holdout is not None
    assert vector.about.holdout.words == "nothing was held out"
    assert halves_of_set(contrast("pirate"), vector.about, seed=0).in_sample


def test_texts_held_out_of_two_models_are_no_pairs(base: core.Model, tmp_path: Path) -> None:
    out = tmp_path / "v.safetensors"
    asked = {"contrast": "pirate", "out": str(out), "suggest": False, "layers": "5", "tuned": "demo-instruct"}
    for _ in run(two_model_job(lambda: core.load("demo-instruct"), lambda: base, asked)):
        pass
    about = vectors.read(out).about
    assert about.holdout is not None
    assert about.holdout.unit == "texts"
    assert halves_of_set(contrast("pirate"), about, seed=0).in_sample


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"holdout": True, "seed": 0},
        {"holdout": 1.5, "seed": 0},
        {"holdout": 0.2, "seed": "0"},
        {"holdout": 0.2},
    ],
)
def test_what_does_not_say_it_has_none(stored: dict[str, object]) -> None:
    assert About(metrics=stored).holdout is None  # type: ignore[arg-type]
