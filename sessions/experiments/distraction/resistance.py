"""Result tables of a distraction test: four outcomes per condition, differences between conditions, and
the projection around the interruption.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.jobs.job import JobEvent, Point, Row
from core.json_values import JsonValue
from sessions.experiments.common import statistics
from sessions.experiments.common.counting import half_if_unknown
from sessions.experiments.distraction.interrupted import InterruptedAnswer
from sessions.experiments.distraction.outcomes import RETURNS, outcome_rates
from sessions.experiments.scoring import chance
from sessions.experiments.scoring.conditions import MINUS, PLUS, UNSTEERED
from sessions.experiments.scoring.measures import mean_value

SEMANTIC = "semantic"
MEASURED = (
    "adherence", SEMANTIC, "motivation", "persistence", "entropy", "completion", "tokens_to_return",
)  # fmt: skip
TESTED = ("resistance", "motivation", SEMANTIC)
BEFORE = 10  # tokens of the trace that lie before the interruption


@dataclass(frozen=True)
class ResistanceTable:
    """`table` holds the answers of every condition in task order; `scales` are mean residual norms by
    layer. `published` adds adherence as the original study counts it; without `has_meaning` there is no
    semantic adherence.
    """

    table: Mapping[str, Sequence[InterruptedAnswer]]
    at: int
    window: int
    seed: int
    scales: Mapping[int, float]
    published: bool = False
    has_meaning: bool = True

    def _known(self, measures: Sequence[str]) -> list[str]:
        return [name for name in measures if self.has_meaning or name != SEMANTIC]

    @cached_property
    def resisted(self) -> Mapping[str, list[float | None]]:
        return {name: [one.resisted for one in found] for name, found in self.table.items()}

    def events(self, tested: Sequence[tuple[str, str]]) -> Iterator[JobEvent]:
        for name, found in self.table.items():
            yield Row("outcomes", name, {"condition": name, **self._columns(found)})
        yield from self._tests(tested)
        for name, found in self.table.items():
            yield from self._trace(name, found)
            for one in found:
                measured = one.values()
                about = {"condition": name, "prompt": one.answer.prompt.id}
                values = about | {key: measured[key] for key in self._known(list(measured))}
                yield Row("answers", f"{name} · {one.answer.prompt.id}", values)

    def _columns(self, found: Sequence[InterruptedAnswer]) -> dict[str, Any]:
        # An answer that ended before the interruption resisted nothing.
        interrupted = [one for one in found if one.was_interrupted]
        columns: dict[str, Any] = {"n": len(interrupted), "ended early": len(found) - len(interrupted)}
        for name, rate in outcome_rates([str(one.outcome) for one in interrupted]).items():
            columns |= rate.columns(name)
        for name in self._known(MEASURED):
            known = statistics.estimate_mean([one.values()[name] for one in interrupted], self.seed)
            columns |= known.columns(name)
            if name in ("adherence", "tokens_to_return"):
                columns[f"n {name}"] = known.n
        if self.published:
            halves = [half_if_unknown(one.adherence) for one in interrupted]
            columns |= statistics.estimate_mean(halves, self.seed).columns("adherence as published")
        return columns

    def _tests(self, tested: Sequence[tuple[str, str]]) -> Iterator[JobEvent]:
        """Tests paired by task; Holm's correction over the comparisons."""
        for title in self._known(TESTED):
            column = self._column(title)
            found = {
                (one, other): statistics.paired_difference(column[one], column[other], self.seed)
                for one, other in tested
            }
            adjusted = statistics.holm_adjusted({pair: test.p for pair, test in found.items()})
            for (one, other), test in found.items():
                key = f"{title}: {one} against {other}"
                values: dict[str, JsonValue] = {
                    "measure": title,
                    "condition": one,
                    "against": other,
                    "n": test.estimate.n,
                }
                yield Row("differences", key, {**values, **test.columns(), "p_holm": adjusted[one, other]})

    def _column(self, title: str) -> Mapping[str, list[float | None]]:
        if title == "resistance":
            return self.resisted
        return {name: [one.values()[title] for one in found] for name, found in self.table.items()}

    def _trace(self, name: str, found: Sequence[InterruptedAnswer]) -> Iterator[Point]:
        """Mean unsteered projection of the tokens around the interruption, in mean residual norms, as long
        as at least half of the answers continue.
        """
        rows = [self._projections(one) for one in found if one.was_interrupted]
        for place in range(max(0, self.at - BEFORE), self.at + self.window):
            seen = statistics.estimate_mean([row[place] for row in rows if place < len(row)], self.seed)
            # A mean over few remaining answers would be a mean over the long ones only.
            if seen.value is not None and 2 * seen.n >= len(rows):
                yield Point(f"projection, {name}", place - self.at, seen.value, seen.lo, seen.hi)

    def _projections(self, one: InterruptedAnswer) -> list[float]:
        layers = {k: row for k, row in one.answer.reading.projections.items() if k in self.scales}
        columns = zip(*([value / self.scales[k] for value in row] for k, row in layers.items()), strict=True)
        return [mean_value(column) or 0.0 for column in columns]

    def summary(self) -> dict[str, Any]:
        returns = {
            name: outcome_rates([str(one.outcome) for one in found if one.was_interrupted])[RETURNS].to_json()
            for name, found in self.table.items()
        }
        apart = statistics.paired_difference(self.resisted[PLUS], self.resisted[MINUS], self.seed)
        return {"resistance": returns, "plus_minus": apart.estimate.to_json(), "p": apart.p}

    def control(self) -> dict[str, Any]:
        """Effect of random directions of the same norms on the same tasks."""
        return chance.random_control(self.resisted, UNSTEERED, self.seed)
