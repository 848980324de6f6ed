"""Answers of many conditions to the same prompts, with their scores and coherence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sessions.experiments.common import statistics
from sessions.experiments.scoring import coherence
from sessions.experiments.scoring.answers import SampledAnswer
from sessions.experiments.scoring.conditions import UNSTEERED
from sessions.experiments.scoring.measures import Measure, Value


@dataclass(frozen=True)
class ScoredAnswers:
    """`table` holds the answers of every condition in prompt order, unsteered included;
    `coherence_measure` measures coherence (default: whether the texts are whole).
    """

    table: Mapping[str, Sequence[SampledAnswer]]
    wanted: Measure
    coherence_measure: Measure | None

    @property
    def n(self) -> int:
        return len(self.table[UNSTEERED])

    @cached_property
    def values(self) -> Mapping[str, Sequence[Value]]:
        return {name: self.wanted.all(answers) for name, answers in self.table.items()}

    @cached_property
    def whole(self) -> Mapping[str, Sequence[float]]:
        before = self.table[UNSTEERED]
        return {name: coherence.whole_flags(answers, before) for name, answers in self.table.items()}

    @cached_property
    def coherence_values(self) -> Mapping[str, Sequence[Value]]:
        """Coherence values: of the chosen measure, else whether the texts are whole."""
        if self.coherence_measure is None:
            return self.whole
        return {name: self.coherence_measure.all(answers) for name, answers in self.table.items()}

    def value_of(self, name: str, seed: int) -> statistics.Estimate:
        return statistics.estimate_mean(self.values[name], seed, shares=self.wanted.share)

    def coherence_of(self, name: str, seed: int) -> statistics.Estimate:
        shares = self.coherence_measure is None or self.coherence_measure.share
        return statistics.estimate_mean(self.coherence_values[name], seed, shares=shares)
