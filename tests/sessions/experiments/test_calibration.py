"""Everything an experiment prints a p or an interval for, over 500 and more simulated runs: p is uniform where there is
nothing to find (never too small where values are coarse), intervals hold what they are about as often as they say.

All of them come from one room, which is held by a test as well.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import sessions.experiments as house
from sessions.experiments.common import statistics
from sessions.experiments.common.sampler import AnswerReading, SamplePrompt
from sessions.experiments.distraction.outcomes import OUTCOMES, outcome_rates
from sessions.experiments.judges.pairwise import tally_pairs
from sessions.experiments.judges.verdict import Judgement, tally_judgements
from sessions.experiments.scoring import chance
from sessions.experiments.scoring.answers import SampledAnswer
from sessions.experiments.scoring.conditions import CONTROL, UNSTEERED
from sessions.experiments.scoring.measures import Measure
from sessions.experiments.sweep.doses import DoseTable
from tests.sessions.experiments.scripted import spoken

RUNS = 600
Draw = Callable[[np.random.Generator], list[float]]
Chance = np.random.Generator
COARSE = 3 * math.sqrt(0.05 * 0.95 / RUNS)
"""Three standard errors of a rate of 5 in 100."""


def uniform(p_values: list[float]) -> bool:
    return bool(stats.kstest(p_values, "uniform").pvalue > 0.01)


def never_too_small(p_values: list[float]) -> bool:
    """P(p ≤ α) ≤ α up to three standard errors, which is all that coarse values allow."""
    p = np.array(p_values)
    return all(np.mean(p <= a) <= a + 3 * math.sqrt(a * (1 - a) / RUNS) for a in (0.01, 0.05, 0.1, 0.25))


def p_of(one: list[float], other: list[float], seed: int) -> float:
    found = statistics.paired_difference(one, other, seed).p
    assert found is not None
    return found


def test_only_one_room_computes_p_values_and_intervals() -> None:
    """So that what is calibrated here is what every table shows."""
    computing = {"sign_flip_p", "welch", "student_p", "significance", "wilson", "mean_interval", "d_interval"}
    for file in Path(house.__file__).parent.rglob("*.py"):
        if file.name == "statistics.py":
            continue
        tree = ast.parse(file.read_text())
        names = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not names & computing, file


@pytest.mark.parametrize("n", [8, 24])
def test_p_of_a_difference_of_skewed_values_is_uniform(n: int) -> None:
    chance_of = np.random.default_rng(n)
    draws = chance_of.exponential(size=(RUNS, 2, n)).tolist()
    found = [p_of(one, other, run) for run, (one, other) in enumerate(draws)]
    assert never_too_small(found)
    assert n == 8 or uniform(found), "eight pairs have 128 different p at most"


def test_p_of_a_difference_of_yes_and_no_is_never_too_small() -> None:
    chance_of = np.random.default_rng(2)
    both = chance_of.random((RUNS, 2, 24)) < 0.4
    found = [
        p_of(one.astype(float).tolist(), other.astype(float).tolist(), run)
        for run, (one, other) in enumerate(both)
    ]
    assert never_too_small(found)


def test_p_of_many_random_directions_together_is_uniform() -> None:
    chance_of = np.random.default_rng(3)
    found = []
    for run in range(RUNS):
        prompts = chance_of.normal(0, 2, 16)
        names = ("random", "random 2", "random 3", UNSTEERED)
        values = {name: (prompts + chance_of.normal(0, 1, 16)).tolist() for name in names}
        found.append(p_of(chance.pool_random(values), values[UNSTEERED], run))
    assert uniform(found)


@pytest.mark.slow
def test_p_of_a_dose_response_is_uniform() -> None:
    """A sweep of a measure that no dose moves: its slope, and its slope against the random one's."""
    levels, prompts = (
        (-1.0, -0.5, 0.5, 1.0),
        [SamplePrompt(str(k), ({"role": "user", "content": "?"},)) for k in range(12)],
    )
    names = [UNSTEERED, *(f"{mark}{level:+g}" for mark in ("", CONTROL) for level in levels)]
    answers = {
        name: [SampledAnswer(prompt, name, spoken("yes"), AnswerReading((1.0,))) for prompt in prompts]
        for name in names
    }
    slopes, apart = [], []
    for run in range(RUNS):
        chance_of = np.random.default_rng(run)
        values = {(name, prompt.id): chance_of.normal() for name in names for prompt in prompts}
        measure = Measure("m", "", lambda answer, v=values: v[answer.condition, answer.prompt.id])
        doses = DoseTable(answers, measure, None, levels, {}, run)
        found = doses.summary({}, 0.8, "more")
        slopes.append(found["p"])
        apart.append(found["p_against_random"])
    assert uniform(slopes)
    assert uniform(apart)


@pytest.mark.parametrize("wins_of", [6, 10, 40])
def test_p_of_wins_is_never_too_small(wins_of: int) -> None:
    """Exactly: over all that may happen under ½."""
    weights = [math.comb(wins_of, k) / 2**wins_of for k in range(wins_of + 1)]
    p = [statistics.binomial_p(k, wins_of) for k in range(wins_of + 1)]
    for a in (0.01, 0.05, 0.2):
        assert sum(w for w, one in zip(weights, p, strict=True) if one <= a) <= a
    assert p == pytest.approx([stats.binomtest(k, wins_of).pvalue for k in range(wins_of + 1)])


def test_p_of_duels_between_equals_is_never_too_small() -> None:
    chance_of = np.random.default_rng(4)
    found = []
    for _ in range(RUNS):
        verdicts = [Judgement(float(value)) for value in chance_of.choice([-1, 0, 1, 1, -1], size=30)]
        found.append(tally_pairs(verdicts)["p"])
    assert never_too_small(found)


@pytest.mark.parametrize("shared", [0.0, 0.5], ids=["independent", "against one reference"])
def test_of_tables_without_any_effect_one_in_twenty_shows_one_after_holm(shared: float) -> None:
    """Eight tests a table; those against one reference share half of their variance with each other."""
    chance_of = np.random.default_rng(5)
    own, common = chance_of.normal(size=(10 * RUNS, 8)), chance_of.normal(size=(10 * RUNS, 1))
    z = math.sqrt(1 - shared) * own + math.sqrt(shared) * common
    tables = 2 * stats.norm.sf(np.abs(z))
    found = [statistics.holm_adjusted(dict(enumerate(row))) for row in tables]
    wrong = np.mean([any(p is not None and p <= 0.05 for p in row.values()) for row in found])
    assert np.mean((tables <= 0.05).any(axis=1)) > 0.2, "without the correction it would be many"
    assert wrong <= 0.05 + COARSE / math.sqrt(10)
    assert shared or wrong > 0.03, "and it is no more careful than it has to be"


def held(draw: Draw, truth: float, interval: Callable[[list[float], int], statistics.Estimate]) -> float:
    chance_of, inside = np.random.default_rng(6), 0
    for run in range(RUNS):
        found = interval(draw(chance_of), run)
        assert found.lo is not None
        assert found.hi is not None
        inside += found.lo - 1e-12 <= truth <= found.hi + 1e-12
    return inside / RUNS


MEANS: dict[str, tuple[Draw, float, float]] = {
    "skewed": (lambda c: c.gamma(2.0, 1.5, 16).tolist(), 3.0, 0.89),
    "halves and wholes": (lambda c: c.choice([0, 0.5, 1], size=24).tolist(), 0.5, 0.92),
    "counts of tokens": (lambda c: c.poisson(12, 16).astype(float).tolist(), 12.0, 0.92),
}


@pytest.mark.parametrize("case", MEANS)
def test_intervals_of_means_hold_them(case: str) -> None:
    """A bootstrap of few skewed values is known to be narrow; it may not be narrower than this."""
    draw, truth, least = MEANS[case]
    assert least < held(draw, truth, lambda values, run: statistics.estimate_mean(values, run)) < 0.985


@pytest.mark.parametrize("rate", [0.05, 0.95])
def test_intervals_of_shares_hold_them(rate: float) -> None:
    """All yes and no: Wilson's interval, whether its answers come as numbers or as a count."""

    def draw(c: Chance) -> list[float]:
        return (c.random(24) < rate).astype(float).tolist()

    found = held(draw, rate, lambda values, run: statistics.estimate_mean(values, run, shares=True))
    assert found == held(draw, rate, lambda values, run: statistics.estimate_share(sum(values), len(values)))
    assert found > 0.92


def test_intervals_of_four_outcomes_hold_all_four() -> None:
    truth = dict(zip(OUTCOMES, (0.5, 0.3, 0.15, 0.05), strict=True))
    for name, rate in truth.items():

        def draw(c: Chance) -> list[float]:
            return c.choice(4, size=24, p=list(truth.values())).astype(float).tolist()

        def interval(values: list[float], run: int, name: str = name) -> statistics.Estimate:
            return outcome_rates([OUTCOMES[int(value)] for value in values])[name]

        assert held(draw, rate, interval) > 0.9


@pytest.mark.parametrize(("one", "other"), [(0.5, 0.5), (0.95, 0.6)])
def test_intervals_of_differences_of_yes_and_no_hold_them(one: float, other: float) -> None:
    def draw(c: Chance) -> list[float]:
        return (c.random(48) < np.repeat([one, other], 24)).astype(float).tolist()

    def interval(values: list[float], run: int) -> statistics.Estimate:
        return statistics.paired_difference(values[:24], values[24:], run).estimate

    assert held(draw, one - other, interval) > 0.91


def test_intervals_of_judged_scores_hold_what_was_judged() -> None:
    """A tenth of the replies is missing, and missing is nothing and not 0."""

    def interval(values: list[float], run: int) -> statistics.Estimate:
        lost = np.random.default_rng(run).random(len(values)) < 0.1
        verdicts = [
            Judgement(None, "x") if gone else Judgement(v) for v, gone in zip(values, lost, strict=True)
        ]
        found = tally_judgements(verdicts, run)
        return statistics.Estimate(found["value"], found["lo"], found["hi"], found["n"])

    def draw(c: Chance) -> list[float]:
        return np.clip(c.normal(6, 1, 24), 0, 10).tolist()

    assert 0.92 < held(draw, 6.0, interval) < 0.985
