"""Scoring answers by a computed measure or by a judge; both are selected by name.

A judge is created before anything is generated, so that a missing key or trait fails at once, and it is
called when all answers exist. Missing scores are counted, and never count as 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.jobs.job import Row, Steps
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import ModelSampler
from sessions.experiments.judges.registry import JUDGES
from sessions.experiments.judges.verdict import (
    Judge,
    JudgedItem,
    missing_reasons,
    part_columns,
    tally_judgements,
)
from sessions.experiments.scoring import judging
from sessions.experiments.scoring.answers import SampledAnswer
from sessions.experiments.scoring.measures import MEASURES, WORDS, Measure, Value, measure

Said = Mapping[str, Sequence[SampledAnswer]]


@dataclass(frozen=True)
class Scorer:
    """Either a measure or a judge."""

    measure: Measure | None = None
    judge: Judge | None = None

    def cost(self, answers: int, max_new: int) -> RunCost:
        return judging.judging_cost(self.judge, answers, max_new)

    def score_answers(self, answers_by_condition: Said) -> Steps[Measure]:
        """The measure itself, or one that looks up the judge's scores of these answers."""
        if self.judge is None:
            assert self.measure is not None
            return self.measure
        scores: dict[tuple[str, str], Value] = {}
        for name, answers in answers_by_condition.items():
            verdicts = yield from self.judge.judge([JudgedItem(one.prompt, one.text) for one in answers])
            for one, verdict in zip(answers, verdicts, strict=True):
                # Looked up by condition and prompt, because a measure is called with one answer at a time.
                scores[one.condition, one.prompt.id] = verdict.value
            found = tally_judgements(verdicts)
            facts = {
                "condition": name,
                "judge": self.judge.name,
                "n": found["n"],
                "missing": found["missing"],
            }
            facts |= {"why": missing_reasons(found), **part_columns(verdicts)}
            yield Row("judge", f"{self.judge.name} · {name}", facts)
        return Measure(
            self.judge.name, self.judge.about, lambda answer: scores.get((answer.condition, answer.prompt.id))
        )

    def count_missing(self, answers_by_condition: Said, scored: Measure | None) -> int:
        """Number of answers without a score."""
        if self.judge is None or scored is None:
            return 0
        return sum(
            value is None for answers in answers_by_condition.values() for value in scored.all(answers)
        )


def make_scorer(name: str | None, sampler: ModelSampler, params: Mapping[str, Any]) -> Scorer:
    """By the name of a measure or a judge; without a name, the default measure of the model."""
    # A measure wins over a judge of the same name.
    if name and name in JUDGES and name not in MEASURES and not name.startswith(WORDS):
        return Scorer(judge=judging.choose_judge(sampler, {**params, "judge": name}))
    return Scorer(measure=measure(name, sampler.name))


def as_share(scored: Measure, by: Scorer) -> Measure:
    """A judge's score divided by the top of its scale, so that one coherence floor applies to all."""
    top = by.judge.high if by.judge is not None else None
    if not top:
        return scored

    def of(answer: SampledAnswer) -> Value:
        value = scored.of(answer)
        return None if value is None else value / top

    return replace(scored, of=of)
