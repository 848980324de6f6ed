"""Effects against random controls and the collapse of texts, as the suggestion of a dose uses them."""

from __future__ import annotations

import numpy as np

from core.collapse.collapse import AnswerEvidence, Collapse, find_collapse
from tests.core.collapse.collapse_texts import REAL_LOOPS, greedy_answers, ordinary_texts
from vectors.checks import likelihood
from vectors.checks.dose_response import Effect
from vectors.checks.doses import DosedText, find_text_collapse


def test_random_slopes_seldom_look_like_an_effect() -> None:
    chance = np.random.default_rng(0)
    alarms = 0
    for seed in range(500):
        truth, *null = chance.standard_normal(9)
        alarms += Effect.from_slopes(
            "echo", (truth + 0.1 * chance.standard_normal(8)).tolist(), null, seed
        ).moves
    assert alarms <= 12  # one in a hundred expected


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
