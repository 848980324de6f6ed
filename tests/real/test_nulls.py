"""Vectors of no meaning through the whole of `check` on a real model: none is green, and of random ones few not red.

The pairs that judge and their gradient are the same for all of them, so they are computed once; everything that
depends on the vector is done for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
import vectors
from core.jobs.job import End, Steps
from core.jobs.runner import run
from vectors.checks import check
from vectors.checks.check import check_job
from vectors.checks.class_states import ClassStates
from vectors.data.metadata import About

pytestmark = pytest.mark.real
SET, READ, COUNT = "questions", "response-mean", 20


@pytest.fixture
def made_once(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the steps found that know only the set, by their name: all vectors here have the same layers and read."""
    kept: dict[str, Any] = {}
    for name in ("judge_pairs", "differentiate_pairs", "read_class_states"):
        monkeypatch.setattr(check, name, _kept_steps(name, getattr(check, name), kept))
    return kept


def _kept_steps(
    name: str, step: Callable[..., Steps[Any]], kept: dict[str, Any]
) -> Callable[..., Steps[Any]]:
    def steps(*given: Any) -> Steps[Any]:
        if name not in kept:
            kept[name] = yield from step(*given)
        return kept[name]

    return steps


def verdict_of(model: core.Model, rows: dict[int, Any], place: Path) -> str:
    about = About(name=place.stem, contrast=SET, read=READ)
    vectors.SteeringVector(rows, about=about).save(place)
    *_, end = run(check_job(model, {"vector": str(place), "contrast": SET}))
    assert isinstance(end, End)
    assert end.status == "done", end.summary
    return str(end.summary["verdict"])


def test_random_vectors_and_exchanged_labels_are_never_green(
    smollm2_model: core.Model, made_once: dict[str, Any], tmp_path: Path
) -> None:
    chance, layers = np.random.default_rng(5), range(smollm2_model.n_layers)
    random = [
        verdict_of(
            smollm2_model,
            {layer: chance.standard_normal(smollm2_model.hidden_size) for layer in layers},
            tmp_path / f"random-{number}.safetensors",
        )
        for number in range(COUNT)
    ]
    print(f"of {COUNT} random vectors: {colours(random)}")
    assert "green" not in random
    assert sum(verdict != "red" for verdict in random) <= 1
    states = made_once["read_class_states"]
    exchanged = [
        verdict_of(smollm2_model, rows, tmp_path / f"exchanged-{number}.safetensors")
        for number, rows in enumerate(exchanged_labels(states))
    ]
    print(f"of {COUNT} with exchanged labels: {colours(exchanged)}")
    assert "green" not in exchanged


def colours(verdicts: Sequence[str]) -> dict[str, int]:
    return dict(Counter(verdicts))


def exchanged_labels(states: ClassStates) -> Iterator[dict[int, Any]]:
    """Mean differences of the pairs with half of the sides exchanged, orthogonal to the true one on every layer."""
    chance = np.random.default_rng(6)
    differences = states.differences()
    count = len(next(iter(differences.values())))
    for _ in range(COUNT):
        signs = np.ones(count)
        signs[chance.permutation(count)[: count // 2]] = -1
        yield {layer: _without_truth(signs @ rows, rows.mean(axis=0)) for layer, rows in differences.items()}


def _without_truth(row: Any, truth: Any) -> Any:
    return row - truth * (row @ truth) / (truth @ truth)
