"""Result tables of a dose sweep: one row per level with intervals, and the summary of all levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from core.jobs.job import JobEvent, Point, Row
from sessions.experiments.common import statistics
from sessions.experiments.scoring import chance
from sessions.experiments.scoring.answers import differing_answers
from sessions.experiments.scoring.conditions import CONTROL, RANDOM, UNSTEERED
from sessions.experiments.scoring.measures import MEASURES, Value, mean_projection
from sessions.experiments.scoring.scored import ScoredAnswers
from sessions.experiments.sweep.choice import ChoiceRule, choose_held_out, known_mean
from sessions.experiments.sweep.edges import DoseEdge
from sessions.experiments.sweep.steerability import Steerability

OTHER_MEASURES = ("nll", "kl", "entropy", "distinct-2", "repetition", "flagged")
SLOPES, PAIR_SLOPES = "slope per prompt", "slope per pair"


@dataclass(frozen=True)
class DoseTable(ScoredAnswers):
    """A condition of the vector is named by its level, a random one by its name and level. `pairs` are
    propensities by condition, if there are any. `off` is the level that means no steering: None for
    caps, where 0 is a real cap.
    """

    levels: Sequence[float]
    pairs: Mapping[str, Sequence[float]]
    seed: int
    off: float | None = 0.0
    randoms: Sequence[str] = (RANDOM,)

    def broken_shares(self) -> dict[float, float]:
        """Share of broken texts by level."""
        rows = {level: self.whole[f"{level:+g}"] for level in self.levels}
        return {level: 1 - sum(row) / len(row) for level, row in rows.items()}

    def events(self) -> Iterator[JobEvent]:
        """The dose table, its curves, and one row per answer."""
        tested = self._tests()
        adjusted = statistics.holm_adjusted(
            {name: test.p for name, test in tested.items() if CONTROL not in name}
        )
        for name, level, who in self._lines():
            columns = self._columns(name) | tested[name].columns("difference")
            yield Row(
                "doses",
                name,
                {"level": level, "vector": who, **columns, "p_holm": adjusted.get(name)},
            )
            if level is not None:
                yield from self._points(name, level, who)
        yield from self._slope_events()
        yield from self._answers()

    def _slope_events(self) -> Iterator[JobEvent]:
        """Slopes of the measure and of the propensity, for the vector and every random direction: one row
        each, and the sorted slopes as a cumulative curve.
        """
        found = {(self.wanted.name, who): one for who, one in self._by_direction(self.values)}
        found |= {("propensity", who): one for who, one in self._by_direction(self.pairs)}
        columns = {each: one.columns() for each, one in found.items()}
        adjusted = statistics.holm_adjusted(
            {each: row["p"] for each, row in columns.items() if each[1] == "vector"}
        )
        for (measure, who), row in columns.items():
            values = {"measure": measure, "direction": who, **row, "p_holm": adjusted.get((measure, who))}
            yield Row("steerability", f"{measure}, {who}", values)
        for (measure, who), one in found.items():
            # The sorted values against their rank are the cumulative distribution.
            known = sorted(value for value in one.slopes if value is not None)
            title = SLOPES if measure == self.wanted.name else PAIR_SLOPES
            for rank, value in enumerate(known, start=1):
                yield Point(f"{title}, {who}", rank / len(known), value)

    def _by_direction(self, rows: Mapping[str, Sequence[Value]]) -> Iterator[tuple[str, Steerability]]:
        for who, mark in (("vector", ""), *((name, f"{name} ") for name in self.randoms)):
            if rows:
                yield who, self.steerability(rows, mark)

    def _points(self, name: str, level: float, who: str) -> Iterator[Point]:
        """Curve points; the unsteered value is part of the curves of all vectors."""
        curves = {self.wanted.name: self._value(name), "coherence": self._coherence(name)}
        if self.pairs:
            curves["propensity"] = statistics.estimate_mean(self.pairs[name], self.seed)
        for series in ("vector", *self.randoms) if who == UNSTEERED else (who,):
            for curve, found in curves.items():
                if found.value is not None:
                    yield Point(f"{curve}, {series}", level, found.value, found.lo, found.hi)

    def _lines(self) -> Iterator[tuple[str, float | None, str]]:
        """(condition, level, direction), lowest level first; unsteered at its level on the axis, or first."""
        vector = {level: (f"{level:+g}", "vector") for level in self.levels}
        if self.off is None:
            yield UNSTEERED, None, UNSTEERED
        else:
            # Unsteered takes its place among the levels.
            vector[self.off] = UNSTEERED, UNSTEERED
        for level in sorted(vector):
            name, who = vector[level]
            yield name, level, who
        for random in self.randoms:
            for level in self.levels:
                yield f"{random} {level:+g}", level, random

    def _tests(self) -> dict[str, statistics.Difference]:
        reference = self.values[UNSTEERED]
        return {
            name: statistics.paired_difference(row, reference, self.seed)
            if name != UNSTEERED
            else statistics.Difference(statistics.NOTHING, None)
            for name, row in self.values.items()
        }

    def _columns(self, name: str) -> dict[str, Any]:
        found = self._value(name)
        columns = {"n": found.n} | found.columns(self.wanted.name)
        columns |= self._coherence(name).columns("coherence")
        if name != UNSTEERED:
            changed = differing_answers(self.table[name], self.table[UNSTEERED])
            columns |= statistics.estimate_mean(changed, self.seed, shares=True).columns("changed")
        for other in OTHER_MEASURES:
            columns[other] = MEASURES[other].estimate(self.table[name]).value
        if self.pairs:
            columns |= statistics.estimate_mean(self.pairs[name], self.seed).columns("propensity")
        return columns

    def _value(self, name: str) -> statistics.Estimate:
        return self.value_of(name, self.seed)

    def _coherence(self, name: str) -> statistics.Estimate:
        return self.coherence_of(name, self.seed)

    def _answers(self) -> Iterator[Row]:
        for name, answers in self.table.items():
            for index, answer in enumerate(answers):
                values: dict[str, Any] = {
                    "condition": name,
                    "prompt": answer.prompt.id,
                    "group": answer.prompt.group,
                }
                values |= {"value": self.values[name][index], "whole": self.whole[name][index]}
                values["echo"] = mean_projection(answer)
                yield Row("answers", f"{name} · {answer.prompt.id}", values)

    @cached_property
    def random_slopes(self) -> Mapping[str, Sequence[Value]]:
        """Slopes per random direction."""
        return {name: self.slopes(f"{name} ") for name in self.randoms}

    def control(self) -> dict[str, Any]:
        """Slopes of random directions; with several, how many are as steep as the vector's. A p over
        prompts is about one direction only, so comparing the vector with chance needs several
        directions.
        """
        if len(self.randoms) == 1:
            found = self.steerability(self.values, f"{self.randoms[0]} ")
            return {"what": chance.WHAT, **found.to_json()}
        each = {name: statistics.estimate_mean(slopes).value for name, slopes in self.random_slopes.items()}
        mine = statistics.estimate_mean(self.slopes()).value
        known = [abs(value) for value in each.values() if value is not None]
        # Compared by size: a random direction has no preferred sign.
        steep = None if mine is None else sum(value >= abs(mine) for value in known)
        return {**self._pooled_control(), "each": each, "as steep": steep}

    def _pooled_control(self) -> dict[str, Any]:
        """All random directions pooled: per prompt, the mean over them."""
        each = [self.steerability(self.values, f"{name} ") for name in self.randoms]
        slopes = dict(zip(self.randoms, [one.slopes for one in each], strict=True))
        orders = dict(zip(self.randoms, [one.ranks for one in each], strict=True))
        found = Steerability(chance.pool_random(slopes), chance.pool_random(orders), (), self.seed)
        return {"what": f"the mean of {len(self.randoms)} random directions", **found.to_json()}

    def slopes(self, mark: str = "") -> Sequence[Value]:
        """One slope per prompt; None where fewer than two levels gave a value."""
        return self.steerability(self.values, mark).slopes

    def steerability(self, rows: Mapping[str, Sequence[Value]], mark: str = "") -> Steerability:
        """Steerability over the levels at which most texts are whole, from one row of values per condition
        (a value per prompt or per pair).
        """
        columns = {level: rows[f"{mark}{level:+g}"] for level in self.whole_levels}
        if self.off is not None:
            columns[self.off] = rows[UNSTEERED]
        count = len(rows[UNSTEERED])
        responses = [{x: row[place] for x, row in columns.items()} for place in range(count)]
        return Steerability.from_responses(responses, self.seed)

    @cached_property
    def whole_levels(self) -> list[float]:
        """Levels at which most texts are whole, for the vector and for the random directions: broken texts
        are excluded from the response, and both are compared over the same levels.
        """

        def holds(names: Sequence[str]) -> bool:
            texts = [whole for name in names for whole in self.whole[name]]
            return 2 * sum(texts) > len(texts)

        return [
            level
            for level in self.levels
            if holds([f"{level:+g}"]) and holds([f"{name} {level:+g}" for name in self.randoms])
        ]

    def summary(self, found: Mapping[float, DoseEdge], floor: float, goal: str) -> dict[str, Any]:
        """The window between the edges, the best dose in it, and whether the response is monotone."""
        window = {sign: edge.safe for sign, edge in found.items()}
        means = {level: self._value(f"{level:+g}").value for level in self.whole_levels}
        if self.off is not None:
            means[self.off] = self._value(UNSTEERED).value
        curve = [means[level] for level in sorted(means)]
        mine, random = self.steerability(self.values), chance.pool_random(self.random_slopes)
        return {
            "measure": self.wanted.name,
            "window": [window.get(-1.0), window.get(1.0)],
            "collapse": [edge.broken if (edge := found.get(sign)) else None for sign in (-1.0, 1.0)],
            **self._sweet_spot(ChoiceRule(floor, goal)),
            "monotone": _monotone([value for value in curve if value is not None]),
            **mine.to_json(),
            "p_against_random": statistics.paired_difference(mine.slopes, random, self.seed).p,
        }

    def _sweet_spot(self, rule: ChoiceRule) -> dict[str, Any]:
        """The best dose (the smaller of two equal ones), and the held-out result of a dose chosen on half
        of the prompts.
        """
        levels = sorted(self.levels, key=abs)
        values, coherences = (
            {x: rows[f"{x:+g}"] for x in levels} for rows in (self.values, self.coherence_values)
        )
        best = rule.best(*({x: known_mean(row) for x, row in rows.items()} for rows in (values, coherences)))
        chosen = choose_held_out(values, coherences, self.values[UNSTEERED], rule, self.seed)
        return {
            "sweet_spot": None if best is None else self._spot(best),
            "held_out": chosen and {"level": chosen.key, **chosen.to_json()},
            "coherence_floor": rule.floor,
        }

    def _spot(self, level: float) -> dict[str, Any]:
        value, coherence = self._value(f"{level:+g}"), self._coherence(f"{level:+g}")
        return {"level": level, **value.columns("value"), **coherence.columns("coherence"), "n": value.n}


def _monotone(curve: Sequence[float]) -> bool:
    """Non-decreasing or non-increasing, and not constant."""
    steps = [after - before for before, after in pairwise(curve)]
    one_way = all(step >= 0 for step in steps) or all(step <= 0 for step in steps)
    return one_way and any(steps)
