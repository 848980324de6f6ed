"""Result tables of lobotomy: KL of each edited model to base and to tuned, perplexity and helpfulness
measures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.jobs.job import JobEvent, Point, Row
from sessions.experiments.common import statistics
from sessions.experiments.lobotomy.divergence import ComparedModel
from sessions.experiments.scoring.answers import SampledAnswer
from sessions.experiments.scoring.measures import Measure, Value

ACTIVATION, WEIGHTS, SHUFFLED = "activation", "weights", "shuffled weights"
PERPLEXITY = "perplexity under base"
BASE, TUNED, RANDOM = "base", "tuned", "random"


@dataclass(frozen=True)
class TreatedModel:
    """The tuned model with λ of its tuning removed in one form (activations or weights)."""

    form: str
    amount: float
    subject: ComparedModel

    @property
    def name(self) -> str:
        return self.subject.name


@dataclass(frozen=True)
class TreatmentTable:
    """One row per edited model and for the two references. `base_nll` is −log p per token of every answer
    under the base model.
    """

    treated: Sequence[TreatedModel]
    answers: Mapping[str, Sequence[SampledAnswer]]
    distances: Mapping[str, Mapping[str, Sequence[Value]]]
    base_nll: Mapping[str, Sequence[Value]]
    measures: Sequence[Measure]
    seed: int

    def events(self) -> Iterator[JobEvent]:
        for name in (BASE, TUNED):
            columns: dict[str, Any] = {"condition": name, "form": "as it is", "n": len(self.answers[name])}
            columns |= self._perplexity(name).columns(PERPLEXITY)
            yield Row("lobotomy", name, columns | self._measure_columns(name))
        for one in self.treated:
            columns = {"condition": one.name, "form": one.form, "λ": one.amount}
            columns["n"] = len(self.answers[one.name])
            for curve, name, found in self._distances(one):
                columns |= found.columns(name)
                if found.value is not None:
                    yield Point(f"{curve}, {one.form}", one.amount, found.value, found.lo, found.hi)
            yield Row("lobotomy", one.name, columns | self._measure_columns(one.name))

    def _distances(self, one: TreatedModel) -> Iterator[tuple[str, str, statistics.Estimate]]:
        """(curve, column, estimate): KL to both references, and perplexity of the text under the base
        model.
        """
        for reference, row in self.distances[one.name].items():
            yield f"KL to {reference}", f"kl_to_{reference}", statistics.estimate_mean(row, self.seed)
        yield PERPLEXITY, PERPLEXITY, self._perplexity(one.name)

    def _perplexity(self, name: str) -> statistics.Estimate:
        """exp of the mean over prompts of −log p per token, with its interval."""
        found = statistics.estimate_mean(self.base_nll[name], self.seed)
        # exp is monotone, so it maps the ends of the interval as well.
        value, low, high = (
            None if end is None else math.exp(end) for end in (found.value, found.lo, found.hi)
        )
        return statistics.Estimate(value, low, high, found.n)

    def _measure_columns(self, name: str) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        for one in self.measures:
            columns |= one.estimate(self.answers[name], self.seed).columns(one.name)
        return columns

    def summary(self) -> dict[str, Any]:
        """Per form, the change from λ = 0 to λ = 1 (or the largest λ below): does it move significantly
        towards base?
        """
        return {form: self._change_to_base(form) for form in (ACTIVATION, WEIGHTS) if self._models_of(form)}

    def control(self) -> dict[str, Any]:
        return {form: self._change_to_base(form) for form in (RANDOM, SHUFFLED) if self._models_of(form)}

    def _models_of(self, form: str) -> list[TreatedModel]:
        return [one for one in self.treated if one.form == form and one.amount <= 1.0]

    def _change_to_base(self, form: str) -> dict[str, Any]:
        last = self._models_of(form)[-1]
        untouched = next(one for one in self.treated if one.amount == 0)
        moved = statistics.paired_difference(
            self.distances[last.name][BASE], self.distances[untouched.name][BASE], self.seed
        )
        before, after = (
            statistics.estimate_mean(self.distances[one.name][BASE]).value for one in (untouched, last)
        )
        return {
            "λ": last.amount,
            "kl_to_base": [before, after],
            "change": moved.estimate.to_json(),
            "p": moved.p,
            PERPLEXITY: [self._perplexity(one.name).value for one in (untouched, last)],
            "towards_base": bool(moved.estimate.hi is not None and moved.estimate.hi < 0),
        }
