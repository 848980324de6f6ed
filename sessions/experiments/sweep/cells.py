"""Result tables of a layer × level grid: one row per cell, one row per layer, and the best cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from core.jobs.job import Cell, JobEvent, Row
from sessions.experiments.common import statistics
from sessions.experiments.scoring.answers import differing_answers
from sessions.experiments.scoring.conditions import CONTROL, UNSTEERED
from sessions.experiments.scoring.measures import MEASURES
from sessions.experiments.scoring.scored import ScoredAnswers
from sessions.experiments.sweep.choice import ChoiceRule, choose_held_out, known_mean
from sessions.experiments.sweep.edges import is_breaking

Place: TypeAlias = tuple[int, float]
WHAT = "a random direction of the same norms and gaps in the same cell"


def cell_name(layer: int, level: float, mark: str = "") -> str:
    return f"{mark}L{layer} {level:+g}"


@dataclass(frozen=True)
class CellTable(ScoredAnswers):
    layers: Sequence[int]
    levels: Sequence[float]
    rule: ChoiceRule
    seed: int

    @property
    def places(self) -> list[Place]:
        return [(layer, level) for layer in self.layers for level in self.levels]

    @property
    def weakest_first(self) -> list[Place]:
        """Cells by size of dose, so that of two equal cells the smaller dose wins."""
        return sorted(self.places, key=lambda place: abs(place[1]))

    @cached_property
    def tests(self) -> Mapping[str, statistics.Difference]:
        """Difference of every cell to no steering."""
        reference = self.values[UNSTEERED]
        return {
            name: statistics.paired_difference(row, reference, self.seed)
            for name, row in self.values.items()
            if name != UNSTEERED
        }

    def events(self) -> Iterator[JobEvent]:
        # Over the vector's cells only; the random ones are the control.
        adjusted = statistics.holm_adjusted(
            {cell_name(*place): self.tests[cell_name(*place)].p for place in self.places}
        )
        yield Row(
            "cells",
            UNSTEERED,
            {"layer": None, "level": 0.0, "vector": UNSTEERED, **self._value_columns(UNSTEERED)},
        )
        for mark, who in (("", "vector"), (CONTROL, "random")):
            for layer, level in self.places:
                name = cell_name(layer, level, mark)
                columns = (
                    self._value_columns(name)
                    | self._difference_columns(name)
                    | {"p_holm": adjusted.get(name)}
                )
                yield Row("cells", name, {"layer": layer, "level": level, "vector": who, **columns})
                yield from self._grid_cells(name, layer, level, mark)
        for layer in self.layers:
            yield Row("layers", str(layer), {"layer": layer, **self._layer_columns(layer)})

    def _value_columns(self, name: str) -> dict[str, Any]:
        found = self.value_of(name, self.seed)
        columns = {"n": found.n} | found.columns(self.wanted.name)
        columns |= self.coherence_of(name, self.seed).columns("coherence")
        return columns | {"kl": MEASURES["kl"].estimate(self.table[name]).value}

    def _difference_columns(self, name: str) -> dict[str, Any]:
        changed = differing_answers(self.table[name], self.table[UNSTEERED])
        columns = self.tests[name].columns("difference")
        return columns | statistics.estimate_mean(changed, self.seed, shares=True).columns("changed")

    def _grid_cells(self, name: str, layer: int, level: float, mark: str) -> Iterator[Cell]:
        """Heat-map cells: the effect in one grid, the share of whole texts in the other."""
        found = {
            f"{mark}{self.wanted.name}: minus unsteered": self.tests[name].estimate.value,
            f"{mark}coherence": self.coherence_of(name, self.seed).value,
        }
        for grid, value in found.items():
            if value is not None:
                yield Cell(grid, f"L{layer}", f"{level:+g}", value)

    def _layer_columns(self, layer: int) -> dict[str, Any]:
        """Columns of one layer: the range of levels at which most texts are whole, and its best level."""
        whole = [level for level in self.levels if self._mostly_whole(cell_name(layer, level))]
        # Level 0 is unsteered and always whole.
        columns: dict[str, Any] = {"whole from": min([0.0, *whole]), "whole to": max([0.0, *whole])}
        best = self._best([place for place in self.weakest_first if place[0] == layer], "")
        if best is None:
            return columns | {"best level": None}
        name = cell_name(*best)
        return columns | {
            "best level": best[1],
            **self._value_columns(name),
            **self._difference_columns(name),
        }

    def _mostly_whole(self, name: str) -> bool:
        row = self.whole[name]
        return not is_breaking(1 - sum(row) / len(row))

    def _best(self, places: Sequence[Place], mark: str) -> Place | None:
        names = {place: cell_name(*place, mark) for place in places}
        values = {place: known_mean(self.values[name]) for place, name in names.items()}
        return self.rule.best(
            values, {place: known_mean(self.coherence_values[name]) for place, name in names.items()}
        )

    def best_cells(self, mark: str = "") -> dict[str, Any]:
        """The best cell of the vector (or of the random direction), and the held-out result of a cell
        chosen on half of the prompts.
        """
        best = self._best(self.weakest_first, mark)
        names = {place: cell_name(*place, mark) for place in self.weakest_first}
        values, coherences = (
            {place: rows[name] for place, name in names.items()}
            for rows in (self.values, self.coherence_values)
        )
        chosen = choose_held_out(values, coherences, self.values[UNSTEERED], self.rule, self.seed)
        return {
            "best": best
            and {
                **_place_facts(best),
                **self._value_columns(names[best]),
                **self._difference_columns(names[best]),
            },
            "held_out": chosen and {**_place_facts(chosen.key), **chosen.to_json()},
        }


def _place_facts(place: Place) -> dict[str, Any]:
    return {"layer": place[0], "level": place[1]}
