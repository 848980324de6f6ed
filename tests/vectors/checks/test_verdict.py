"""The rules of a verdict, on findings made up for them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.collapse.collapse import AnswerEvidence, Collapse, find_collapse
from tests.core.collapse.collapse_texts import REAL_LOOPS, greedy_answers, ordinary_texts
from vectors.checks import likelihood, separation
from vectors.checks.check import best_band
from vectors.checks.doses import DosedText, find_text_collapse
from vectors.checks.report import json_safe
from vectors.checks.verdict import Effect, Findings, decide_verdict
from vectors.statistics import metrics


def effect(slope: float, half: float = 0.1, noise: float = 0.1) -> Effect:
    return Effect("echo", slope, (slope - half, slope + half), (noise, -noise))


@pytest.mark.parametrize(
    ("found", "colour", "words"),
    [
        (Findings((effect(1.0),), (-3.0, 3.0)), "green", "moves the model"),
        (Findings((effect(0.25),), (-3.0, 3.0)), "red", "does not move"),
        (Findings((effect(1.0, half=2.0),), (-3.0, 3.0)), "red", "does not move"),
        (Findings((effect(1.0),), (-0.5, 0.75)), "red", "collapses within one dose"),
        (Findings((effect(1.0),), (-2.0, 0.5)), "amber", "one positive dose already breaks"),
        (Findings((effect(-1.0),), (-3.0, 3.0)), "amber", "sign is reversed"),
        (Findings((effect(-1.0), effect(1.0)), (-3.0, 3.0)), "green", "moves the model"),
        (Findings((effect(1.0),), (-3.0, 3.0), gap=-2.0), "amber", "projects lower"),
        (Findings((effect(1.0),), (-3.0, 3.0), doubts=("only layer 3 of 9",)), "amber", "only layer 3"),
        (
            Findings((effect(1.0),), (-3.0, 3.0), neighbours=0.1, random_band=0.2),
            "amber",
            "neighbouring layers",
        ),
        (Findings((effect(1.0),), (-3.0, 3.0), split_half=0.1, random_band=0.2), "amber", "two halves"),
        (Findings((effect(1.0),), (-3.0, 3.0), accuracy_ci=(0.45, 0.8)), "amber", "not told apart"),
    ],
)
def test_the_rules(found: Findings, colour: str, words: str) -> None:
    verdict = decide_verdict(found)
    assert verdict.colour == colour
    assert words in verdict.reasons[0]


def test_random_slopes_seldom_look_like_an_effect() -> None:
    chance = np.random.default_rng(0)
    alarms = 0
    for seed in range(500):
        truth, *null = chance.standard_normal(9)
        alarms += Effect.from_slopes(
            "echo", (truth + 0.1 * chance.standard_normal(8)).tolist(), null, seed
        ).moves
    assert alarms <= 12  # one in a hundred expected


def test_the_best_band_stays_together_and_leaves_the_last_block() -> None:
    def at(d: float) -> separation.LayerSeparation:
        return separation.LayerSeparation(metrics.Separation(d, (0, 0), 1, (0, 1), 1, 1, 4), 1.0, {})

    ds = [0.5, 3.0, 3.9, 4.0, 1.0, 3.9, 9.0]
    apart = {layer: at(d) for layer, d in enumerate(ds)}
    assert best_band(apart, n_layers=7) == (1, 2, 3)
    assert best_band(apart, n_layers=9) == (6,)
    assert best_band({}, n_layers=4) == ()


def dosed(dose: float, nll: float, collapse: Collapse | None = None) -> DosedText:
    return DosedText(0, dose, (1, 2, 3), likelihood.TextScore(nll, 0.0), 0.0, collapse)


def test_a_collapse_is_found_and_framed() -> None:
    assert not dosed(1, 1.9).has_collapsed(dosed(0, 1.0))
    assert dosed(1, 2.1).has_collapsed(dosed(0, 1.0))
    loop = find_collapse(AnswerEvidence((1, 2) * 20))
    assert dosed(1, 0.1, loop).has_collapsed(dosed(0, 1.0))
    # What the model says without a dose is not the dose's doing.
    assert not dosed(1, 0.1, loop).has_collapsed(dosed(0, 0.1, loop))


def test_the_dose_window_sees_the_loops_that_the_lamp_sees() -> None:
    """The same texts, with the scores of sound ones."""
    for row in (*ordinary_texts()[::6], *greedy_answers()):
        found = find_text_collapse(
            row["tokens"], [""] * len(row["tokens"]), None, likelihood.TextScore(1.0, 0.0)
        )
        assert dosed(1, 1.0, found).has_collapsed(dosed(0, 1.0)) == (
            "prompt" in row and row["id"] in REAL_LOOPS
        )


def test_infinities_are_not_json() -> None:
    assert json_safe({"a": [math.inf, 1.0, "x", (math.nan,)]}) == {"a": [None, 1.0, "x", [None]]}


def test_shared_starts() -> None:
    assert likelihood.shared_prefix_length([1, 2, 3], [1, 2, 4]) == 2
    assert likelihood.shared_prefix_length([1, 2], [1, 2, 4]) == 2
    assert likelihood.shared_prefix_length([5], [6]) == 0
