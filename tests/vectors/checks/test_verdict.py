"""The decision table, row by row, on findings made up for them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from vectors.checks import separation
from vectors.checks.answers.dosed_answers import Coherence
from vectors.checks.answers.margins import MarginEffect
from vectors.checks.answers.text_effects import TextEffect
from vectors.checks.gradients.nulls import COVARIANCE, RANDOM, SHUFFLED
from vectors.checks.gradients.ranks import ClassRank
from vectors.checks.gradients.scored_rows import shared_prefix_length
from vectors.checks.separation import best_band
from vectors.checks.verdict import Findings, decide_verdict
from vectors.statistics import metrics
from vectors.statistics.json_numbers import json_safe


def ranks(random: int = 0, own: int = 0, shuffled: int = 0, below: int = 999) -> tuple[ClassRank, ...]:
    counts = ((RANDOM, random), (COVARIANCE, own), (SHUFFLED, shuffled))
    return tuple(ClassRank(name, 999, count, below) for name, count in counts)


def margin(
    size: float = 0.22, predicted: float | None = 0.2, moved: int = 10, of: int = 10, off: float = 0.02
) -> MarginEffect:
    halves = (abs(size),) * moved + (-abs(size),) * (of - moved)
    return MarginEffect(size, predicted, halves, ((0.05, 0.05 - off), (-0.1, -0.1), (0.0, 0.0)))


GREEN = Findings(
    "questions",
    "asks back",
    band=tuple(range(14, 20)),
    ranks=ranks(),
    margin=margin(),
    text=TextEffect("projection at layer 22", 9.3, 8, 8, (-3.1, 1.4, -8.2)),
    coherence=Coherence(0.0, 0.125),
    scale=1.3,
    unit="natural",
    kl=0.3,
    pairs=10,
    prompt_share=0.4,
    max_new=32,
)
AMBER = [
    (
        {"ranks": ranks(shuffled=165)},
        "ranks",
        "165 of 999 from the same pairs with shuffled labels do as much",
    ),
    ({"ranks": ranks(999, 999, 999, below=0), "sign": -1}, "ranks", "away from “asks back”"),
    ({"margin": margin(0.06)}, "margins", "it does +0.06 nats/token where +0.20 was predicted"),
    ({"margin": margin(0.5)}, "margins", "where +0.20 was predicted"),
    ({"margin": margin(moved=7)}, "margins", "3 of 10 pairs move the other way"),
    ({"margin": margin(off=0.3)}, "margins", "not linear"),
    (
        {"text": TextEffect("projection at layer 22", 0.65, 4, 8, (0.1,))},
        "texts",
        "get likelier (+0.22), but only 4 of 8 of its own answers lean that way",
    ),
    (
        {"text": TextEffect("projection at layer 22", 2.0, 8, 8, (-5.0,))},
        "texts",
        "less (+2) than a control's do (5)",
    ),
    ({"text": None, "no_judge": "no measure of texts"}, "texts", "no measure of texts"),
    ({"max_new": 16}, "texts", "cut after 16 tokens"),
    ({"coherence": Coherence(0.25, 0.5)}, "coherence", "50% of the answers at the negative dose break"),
    ({"in_sample": True}, "pairs", "measured on pairs that made the vector"),
    ({"pairs": 5}, "pairs", "too few held-out pairs: 5"),
    ({"prompt_share": 0.95}, "margins", "95% of the effect enters through the prompt"),
    ({"doubts": ("made on maker/Other-7B",)}, "fit", "made on maker/Other-7B"),
    ({"pairs": 0, "ranks": (), "margin": None}, "pairs", "no contrast set"),
    (
        {"ranks": (), "margin": margin(predicted=None), "no_gradient": "m is quantised"},
        "gradient",
        "m is quantised; only pairs and texts under a dose",
    ),
]
RED = [
    ({"problem": "cannot be measured: not finite", "ranks": ()}, "measure", "cannot be measured"),
    (
        {"ranks": ranks(503, 480, 500), "band": (0, 1, 2, 3)},
        "ranks",
        "on layers 0-3 it does not move the model towards “asks back”: 503 of 999 random directions do more",
    ),
    (
        {"ranks": ranks(5, 203, 8)},
        "ranks",
        "203 of 999 directions drawn from this model's own activity do as much",
    ),
    (
        {"ranks": ranks(0, 21, 96), "ends_apart": True},
        "ranks",
        "21 of 999 directions of this model's own activity and 96 of 999 made from the same pairs",
    ),
    ({"margin": margin(-0.1, moved=0)}, "margins", "moves the pairs the other way"),
    (
        {"coherence": Coherence(0.5, 0.0, at_twice=0.75)},
        "coherence",
        "the text breaks: 75% of the answers at 2.6",
    ),
]


def test_green_says_what_was_beaten_and_what_a_dose_does() -> None:
    verdict = decide_verdict(GREEN)
    assert (verdict.colour, verdict.decided_by) == ("green", "ranks")
    assert verdict.reasons == (
        "it moves this behaviour: 0 of 999 random, 0 of 999 covariance-matched and 0 of 999 label-shuffled"
        " directions move the model towards “asks back” as much",
        "at 1.3 natural on layers 14-19: +0.22 nats/token on 10 held-out pairs (10 of 10), KL 0.3; text whole",
    )


@pytest.mark.parametrize(("changes", "by", "words"), AMBER, ids=lambda value: str(value)[:40])
def test_each_amber_row(changes: dict[str, Any], by: str, words: str) -> None:
    verdict = decide_verdict(replace(GREEN, **changes))
    assert (verdict.colour, verdict.decided_by) == ("amber", by), verdict.reasons
    assert words in verdict.reasons[0]


@pytest.mark.parametrize(("changes", "by", "words"), RED, ids=lambda value: str(value)[:40])
def test_each_red_row(changes: dict[str, Any], by: str, words: str) -> None:
    verdict = decide_verdict(replace(GREEN, **changes))
    assert (verdict.colour, verdict.decided_by) == ("red", by), verdict.reasons
    assert words in verdict.reasons[0]


@pytest.mark.parametrize(("count", "colour"), [(8, "green"), (9, "green"), (10, "red")])
def test_one_in_a_hundred_is_the_limit(count: int, colour: str) -> None:
    """p = (1 + count) / 1000; .01 still passes, and so does no null of four thousand tried ones in five."""
    assert decide_verdict(replace(GREEN, ranks=ranks(own=count))).colour == colour


def test_a_half_that_breaks_is_red_only_if_half_of_it_breaks_too() -> None:
    assert decide_verdict(replace(GREEN, coherence=Coherence(0.125, 0.0, at_twice=0.5))).colour == "green"


def test_the_hint_about_ends_needs_ends_that_differ() -> None:
    found = replace(GREEN, ranks=ranks(0, 21, 96))
    assert "--read response-mean" not in decide_verdict(found).reasons[0]
    assert "--read response-mean" in decide_verdict(replace(found, ends_apart=True)).reasons[0]


def test_amber_also_says_what_a_dose_does() -> None:
    assert (
        decide_verdict(replace(GREEN, in_sample=True))
        .reasons[-1]
        .startswith("at 1.3 natural on layers 14-19")
    )
    assert "10 own pairs" in decide_verdict(replace(GREEN, in_sample=True)).reasons[-1]


def test_the_best_band_stays_together_and_leaves_the_last_block() -> None:
    def at(d: float) -> separation.LayerSeparation:
        return separation.LayerSeparation(metrics.Separation(d, (0, 0), 1, (0, 1), 1, 1, 4), 1.0, {})

    ds = [0.5, 3.0, 3.9, 4.0, 1.0, 3.9, 9.0]
    apart = {layer: at(d) for layer, d in enumerate(ds)}
    assert best_band(apart, n_layers=7) == (1, 2, 3)
    assert best_band(apart, n_layers=9) == (6,)
    assert best_band({}, n_layers=4) == ()


def test_infinities_are_not_json() -> None:
    assert json_safe({"a": [math.inf, 1.0, "x", (math.nan,)]}) == {"a": [None, 1.0, "x", [None]]}


def test_shared_starts() -> None:
    assert shared_prefix_length([1, 2, 3], [1, 2, 4]) == 2
    assert shared_prefix_length([1, 2], [1, 2, 4]) == 2
    assert shared_prefix_length([5], [6]) == 0
