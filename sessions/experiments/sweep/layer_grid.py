"""Every level on every layer alone, with a random direction in the same place.

Layers tolerate different doses, so neither a sweep over a whole band nor one dose on all layers finds
the best pair. The best of many cells is partly the luckiest: it is reported with the best of as many
random cells, and with the held-out result of a cell chosen on half of the prompts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import UsageError
from core.jobs.job import Progress, Steps
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common import prompts
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import GenerationSettings, ModelSampler, SamplePrompt
from sessions.experiments.scoring import conditions
from sessions.experiments.scoring.answers import SampledAnswer, generate_answers, with_prompt_seed
from sessions.experiments.scoring.conditions import CONTROL, UNSTEERED, Condition
from sessions.experiments.scoring.scoring import Scorer, as_share, make_scorer
from sessions.experiments.sweep.axis import SweepAxis
from sessions.experiments.sweep.cells import WHAT, CellTable, cell_name
from sessions.experiments.sweep.choice import ChoiceRule


def experiment(sampler: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    grid = LayerGrid.from_params(sampler, params)
    yield grid.cost().row()
    answers_by_condition = yield from grid.generate_answers()
    measure = yield from grid.wanted.score_answers(answers_by_condition)
    missing, coherent = grid.wanted.count_missing(answers_by_condition, measure), None
    if grid.coherence is not None:
        judged = yield from grid.coherence.score_answers(answers_by_condition)
        missing, coherent = (
            missing + grid.coherence.count_missing(answers_by_condition, judged),
            as_share(judged, grid.coherence),
        )
    rule = ChoiceRule(params["at_least"], params["goal"])
    cells = CellTable(answers_by_condition, measure, coherent, grid.layers, grid.levels, rule, grid.how.seed)
    yield from cells.events()
    summary = {
        "by": "grid",
        "unit": grid.channel.unit,
        "vector": grid.channel.label,
        "measure": measure.name,
        "coherence_floor": rule.floor,
        "cells": len(cells.places),
        **cells.best_cells(),
        "missing": missing,
    }
    return {"summary": summary, "control": {"what": WHAT, **cells.best_cells(CONTROL)}, "n": cells.n}


@dataclass(frozen=True)
class LayerGrid:
    """Layers, levels, prompts and scorers of a grid."""

    voice: ModelSampler
    channel: Channel
    random: Channel
    layers: Sequence[int]
    levels: Sequence[float]
    prompts: Sequence[SamplePrompt]
    how: GenerationSettings
    wanted: Scorer
    coherence: Scorer | None

    @classmethod
    def from_params(cls, sampler: ModelSampler, params: Mapping[str, Any]) -> LayerGrid:
        if params["controls"] != 1:
            raise UsageError("every cell has exactly one random direction: leave --controls out")
        channel = conditions.vector_channel(sampler, params)
        axis = SweepAxis("scale", channel, sampler.n_layers)
        levels = sorted({*(params["scales"] or axis.levels())} - {0.0})
        if not levels:
            raise UsageError("a grid of no level but 0 has no cells: --scales A,B,…")
        return cls(
            sampler,
            channel,
            conditions.random_channel(sampler, channel, int(params["seed"])),
            axis.layers if params["layers"] else tuple(channel.vector.layers),
            levels,
            prompts.load_prompts(params, sampler.name),
            GenerationSettings.from_params(params),
            make_scorer(params["measure"], sampler, params),
            make_scorer(params["coherence"], sampler, params) if params["coherence"] else None,
        )

    def cost(self) -> RunCost:
        generation = sum(
            (
                RunCost.of_batches(len(self.prompts), len(batch), self.how.max_new_tokens)
                for batch in self.batches()
            ),
            RunCost(),
        )
        judges = [one for one in (self.wanted, self.coherence) if one is not None]
        return generation + sum(
            (one.cost(generation.answers, self.how.max_new_tokens) for one in judges), RunCost()
        )

    def batches(self) -> list[list[Condition]]:
        """The unsteered condition, then one batch per layer: all levels of the vector and of the random
        direction.
        """
        return [[Condition(UNSTEERED, Mixer())], *(self._layer_conditions(layer) for layer in self.layers)]

    def _layer_conditions(self, layer: int) -> list[Condition]:
        return [
            Condition(
                cell_name(layer, level, mark),
                conditions.mixer_at_scale(conditions.single_layer_channel(channel, layer), level),
            )
            for mark, channel in (("", self.channel), (CONTROL, self.random))
            for level in self.levels
        ]

    def generate_answers(self) -> Steps[dict[str, list[SampledAnswer]]]:
        """{condition: one answer per prompt}."""
        batches = self.batches()
        table: dict[str, list[SampledAnswer]] = {one.name: [] for batch in batches for one in batch}
        total = len(self.prompts) * len(batches)
        # Prompt by prompt, so that a cancelled run has all cells for the prompts it finished.
        for number, prompt in enumerate(self.prompts):
            for place, batch in enumerate(batches):
                yield Progress(number * len(batches) + place, total, "batches generated")
                settings, vector = with_prompt_seed(self.how, number), self.channel.vector
                for answer in (
                    yield from generate_answers(self.voice, prompt, batch, settings, vector=vector)
                ):
                    table[answer.condition].append(answer)
                    yield answer.sample(*answer.flags)
        yield Progress(total, total, "batches generated")
        return table
