"""Conditions side by side on the same prompts: one row per condition, each compared with the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.jobs.job import JobEvent, Point, Row
from sessions.experiments.common import statistics
from sessions.experiments.scoring.answers import SampledAnswer, differing_answers
from sessions.experiments.scoring.measures import Measure


def compare_conditions(
    table: str,
    answers_by_condition: Mapping[str, Sequence[SampledAnswer]],
    measures: Sequence[Measure],
    seed: int,
    facts: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[JobEvent]:
    """Yield the comparison table; `facts` adds columns to a condition's row; the first measure is tested
    and plotted.
    """
    # The first condition is the reference.
    reference, tests = (
        next(iter(answers_by_condition)),
        paired_differences(answers_by_condition, measures[0], seed),
    )
    p_holm = statistics.holm_adjusted({name: test.p for name, test in tests.items()})
    for position, (name, answers) in enumerate(answers_by_condition.items()):
        columns: dict[str, Any] = {"condition": name, **(facts or {}).get(name, {}), "n": len(answers)}
        for one in measures:
            columns |= one.estimate(answers, seed).columns(one.name)
        if name != reference:
            columns |= tests[name].columns("difference") | {"p_holm": p_holm[name]}
            changed = differing_answers(answers, answers_by_condition[reference])
            columns |= statistics.estimate_mean(changed, seed, shares=True).columns("changed")
        yield Row(table, name, columns)
        found = measures[0].estimate(answers, seed)
        if found.value is not None:
            yield Point(f"{measures[0].name} by condition", position, found.value, found.lo, found.hi)


def paired_differences(
    answers_by_condition: Mapping[str, Sequence[SampledAnswer]], measure: Measure, seed: int
) -> dict[str, statistics.Difference]:
    """Every other condition minus the first, paired by prompt."""
    reference, *others = answers_by_condition
    return {
        name: statistics.paired_difference(
            measure.all(answers_by_condition[name]), measure.all(answers_by_condition[reference]), seed
        )
        for name in others
    }
