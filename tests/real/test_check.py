"""`check` on a real model: the sets that steer it are green, the others red for their true reasons.

The sets are the twenty to a hundred pairs that the figures of the recipe were measured on, half of each made the
vector. What a person who read the texts said of each is in the comment of its row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import core
from core.jobs.job import End
from core.jobs.runner import run
from vectors.checks.check import check_job
from vectors.extraction.job import extraction_job

pytestmark = pytest.mark.real
SETS = Path(__file__).parents[1] / "vectors" / "contrasts" / "old_sets"
ROWS = [
    ("persona", "last", None, "green", ""),  # beautifully
    ("empathy", "response-mean", None, "green", ""),  # yes
    ("questions", "response-mean", None, "green", ""),  # asks, roughly
    ("sycophancy", "response-mean", None, "green", ""),  # its tone
    ("questions", "last", "0-3", "red", "random directions do more"),  # asks nothing
    ("questions", "last", None, "red", "with shuffled labels do as much"),  # sprays "?"
    ("honesty", "response-mean", None, "red", "random directions do more"),  # unusable, on any half
]


def made(model: core.Model, name: str, read: str, folder: Path) -> Path:
    """A `mean` vector of one half of an old set."""
    out = folder / f"{name}-{read}.safetensors"
    asked = {"contrast": str(SETS / f"{name}.jsonl"), "out": str(out), "read": read, "holdout": 0.5}
    for _ in run(extraction_job(model, asked | {"suggest": False})):
        pass
    return out


def checked(model: core.Model, vector: Path, name: str, layers: str | None) -> dict[str, Any]:
    asked = {"vector": str(vector), "contrast": str(SETS / f"{name}.jsonl"), "layers": layers}
    *_, end = run(check_job(model, asked))
    assert isinstance(end, End)
    assert end.status == "done", end.summary
    return dict(end.summary)


@pytest.mark.parametrize(("name", "read", "layers", "colour", "words"), ROWS)
def test_the_verdict_is_what_a_reader_of_its_texts_says(
    name: str,
    read: str,
    layers: str | None,
    colour: str,
    words: str,
    smollm2_model: core.Model,
    tmp_path: Path,
) -> None:
    vector = made(smollm2_model, name, read, tmp_path)
    report = checked(smollm2_model, vector, name, layers)
    assert report["verdict"] == colour, report["reasons"]
    assert words in report["reasons"][0]
    if colour == "green":
        assert 0.23 <= report["kl"] <= 0.39
        assert report["texts"]["moved"] >= 6
