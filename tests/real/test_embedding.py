"""Sentences embedded by a real model: the figures of the recipe on both halves, the old recipe beside it, and themes
and distractions measured with it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import core
from core.activations.capture import capture
from core.jobs.job import run_steps
from steertui.cli import main
from tests.vectors.embedding.test_self_test import naive_auroc, shuffled_aurocs
from vectors.embedding.fixture import read_fixture
from vectors.embedding.model_embedding import ModelEmbedding, model_embedding
from vectors.embedding.self_test import paraphrase_auroc
from vectors.statistics.metrics import cosine

FIXTURE = read_fixture()
Sides = list[tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def embedding(smollm2_model: core.Model) -> ModelEmbedding:
    return run_steps(model_embedding(smollm2_model))


@pytest.fixture(scope="module")
def sides(embedding: ModelEmbedding) -> Sides:
    """The rows of both sides of each half."""
    found = []
    for pairs in FIXTURE.halves:
        one, other = zip(*pairs, strict=True)
        found.append((run_steps(embedding.embed(one)), run_steps(embedding.embed(other))))
    return found


@pytest.mark.parametrize("half", [0, 1])
def test_the_recipe_knows_paraphrases(half: int, embedding: ModelEmbedding, sides: Sides) -> None:
    """Measured .973 and .980; the recipe was chosen on the first half."""
    assert embedding.tested.halves[half] >= 0.92
    assert naive_auroc(*sides[half]) == pytest.approx(embedding.tested.halves[half], abs=2e-3)


@pytest.mark.parametrize("half", [0, 1])
def test_other_partners_are_chance(half: int, sides: Sides) -> None:
    """Measured .39 to .61."""
    low, middle, high = shuffled_aurocs(*sides[half])
    assert 0.35 <= low < middle < high <= 0.65
    assert middle == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("half", [0, 1])
def test_the_recipe_before_this_one_did_not(half: int, smollm2_model: core.Model) -> None:
    """Mean state of all positions at two thirds of the depth: cosines of 1.000, AUROC .56 and .55."""
    one, other = (
        capture(smollm2_model, list(texts), layers=[20], read="mean").rows[20].double().numpy()
        for texts in zip(*FIXTURE.halves[half], strict=True)
    )
    assert paraphrase_auroc(one, other) <= 0.65
    assert min(cosine(a, b) for a in one for b in other) > 0.99


def test_opposites_look_more_alike_than_paraphrases(embedding: ModelEmbedding) -> None:
    """Measured .20: the warning is true."""
    assert embedding.tested.hard < 0.35
    warm, cold = run_steps(embedding.embed(["the tone is warm", "the tone is cold"]))
    one, other = zip(*(FIXTURE.halves[0] + FIXTURE.halves[1]), strict=True)
    rows = zip(run_steps(embedding.embed(one)), run_steps(embedding.embed(other)), strict=True)
    assert cosine(warm, cold) > np.median([cosine(a, b) for a, b in rows])


def test_themes_that_belong_together_rank_above_their_null(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five runs of four themes, the direction's themes are their paraphrases in another order."""
    pairs = FIXTURE.halves[1]
    runs = [
        {
            "name": str(number),
            "tuned": [one for one, _ in pairs[number : number + 4]],
            "direction": [other for _, other in reversed(pairs[number : number + 4])],
        }
        for number in range(0, 20, 4)
    ]
    file = tmp_path / "themes.jsonl"
    file.write_text("".join(json.dumps(run) + "\n" for run in runs))
    assert main.main(["themes", str(file), "--model", "smollm2", "--json", "--no-record", "--own"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["auroc"] >= 0.92
    assert found["score"] - found["null"] > 0.1
    assert found["score"] < 0.9, "no longer 1.000 for everything"
    assert sum(run["p"] == pytest.approx(1 / 5) for run in found["runs"].values()) >= 4
    assert "warm" in found["warnings"][0]


ON_TASK = {
    "Plan a small vegetable garden for a balcony: pots, soil, plants, and when to water.": (
        "Choose deep pots with holes, fill them with compost, and put tomatoes and salad where the sun is.",
        "Herbs grow well beside beans; give them a drink every evening and feed the earth once a month.",
    ),
    "Explain how to change a flat bicycle tyre, step by step.": (
        "Loosen the nuts, take the wheel off, and lever the rubber over the rim before you patch the tube.",
        "Pump it up a little, look for the hole in a bowl of water, and glue a patch on it.",
    ),
    "Write a packing list for three days of hiking in the mountains.": (
        "Two pairs of thick socks, a rain jacket, a map, a torch and a warm sleeping bag.",
        "Good boots, a bottle of water, bandages, dried fruit and a light tent.",
    ),
}
OFF_TASK = {
    "By the way, did you see the football match last night?": (
        "What a goal that was in the last minute, the keeper had no chance and the crowd went wild!",
        "Their striker should never have missed that penalty; the referee was blind.",
    ),
    "Wait, tell me which film I should watch at the cinema tonight.": (
        "The new thriller with that actress is brilliant, though critics prefer the comedy.",
        "Take seats in the last row, buy popcorn, and enjoy the cartoon with the talking fox.",
    ),
    "Hey, what is the best pizza topping?": (
        "Mushrooms and olives with a lot of mozzarella, and never pineapple.",
        "Pepperoni on thin dough, straight from a stone oven, with basil on top.",
    ),
}


def test_answers_are_nearer_to_what_they_are_about(embedding: ModelEmbedding) -> None:
    """What `semantic` is for, on texts written for this test; every answer against every pairing of both kinds."""
    rows = {
        text: run_steps(embedding.embed([text]))[0]
        for side in (ON_TASK, OFF_TASK)
        for asked, said in side.items()
        for text in (asked, *said)
    }
    held = [
        cosine(rows[text], rows[task]) - cosine(rows[text], rows[away])
        for task, said in ON_TASK.items()
        for away in OFF_TASK
        for text in said
    ]
    fallen = [
        cosine(rows[text], rows[task]) - cosine(rows[text], rows[away])
        for away, said in OFF_TASK.items()
        for task in ON_TASK
        for text in said
    ]
    assert np.mean(held) > 0 > np.mean(fallen)
    assert np.mean(np.array(held)[:, None] > np.array(fallen)) > 0.9
