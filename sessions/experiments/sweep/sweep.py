"""Dose–response: increasing doses of a vector in both directions until the text breaks, against random
directions.

First a grid of levels, then the edges by doubling and bisection. The window lies between the edges; the
sweet spot is the dose with the best measure among those whose texts are still whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.jobs.job import Progress, Steps
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common import prompts
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import GenerationSettings, ModelSampler, SamplePrompt
from sessions.experiments.scoring import coherence, conditions
from sessions.experiments.scoring.answers import answer_prompts, generate_answers, with_prompt_seed
from sessions.experiments.scoring.conditions import UNSTEERED, Condition
from sessions.experiments.scoring.scoring import Scorer, as_share, make_scorer
from sessions.experiments.sweep import edges, layer_grid, layer_sweep
from sessions.experiments.sweep.axis import SweepAxis
from sessions.experiments.sweep.doses import DoseTable
from sessions.experiments.sweep.edges import DoseEdge

EDGE_PROMPTS = 8
PAIRS = 16
BY_LAYER = {"layer": layer_sweep.experiment, "grid": layer_grid.experiment}


def experiment(sampler: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    if params["by"] in BY_LAYER:
        return (yield from BY_LAYER[params["by"]](sampler, params))
    sweep = Sweep.from_params(sampler, params)
    yield sweep.cost().row()
    doses, missing = yield from sweep.run_grid(params["contrast"])
    yield from doses.events()
    found = yield from sweep.find_edges(doses)
    summary = doses.summary(found, params["at_least"], params["goal"])
    facts = sweep.facts() | {"missing": missing}
    return {"summary": summary | facts, "control": doses.control(), "n": doses.n}


@dataclass(frozen=True)
class Sweep:
    """Axis, levels, prompts and scorers of a sweep; `coherence` scores coherence (None: whether texts are
    whole).
    """

    voice: ModelSampler
    axis: SweepAxis
    levels: Sequence[float]
    prompts: Sequence[SamplePrompt]
    how: GenerationSettings
    wanted: Scorer
    coherence: Scorer | None
    randoms: Mapping[str, Channel]

    @classmethod
    def from_params(cls, sampler: ModelSampler, params: Mapping[str, Any]) -> Sweep:
        channel = conditions.vector_channel(sampler, params)
        axis = SweepAxis(params["by"], channel, sampler.n_layers)
        # A scale of 0 is the unsteered condition already; a bound of 0 is a cap.
        levels = {*(params["scales"] or axis.levels())} - ({0.0} if axis.kind == "scale" else set())
        return cls(
            sampler,
            axis,
            sorted(levels),
            prompts.load_prompts(params, sampler.name),
            GenerationSettings.from_params(params),
            make_scorer(params["measure"], sampler, params),
            make_scorer(params["coherence"], sampler, params) if params["coherence"] else None,
            conditions.random_channels(sampler, channel, int(params["seed"]), params["controls"]),
        )

    def cost(self) -> RunCost:
        grid = RunCost.of_batches(len(self.prompts), len(self.conditions()), self.how.max_new_tokens)
        probes = len(self.axis.breaking_signs) * min(EDGE_PROMPTS, len(self.prompts))
        doubled = RunCost.of_batches(probes, edges.DOUBLINGS, self.how.max_new_tokens)
        inside = RunCost.of_batches(probes * edges.ROUNDS, len(edges.INSIDE), self.how.max_new_tokens)
        judges = [one for one in (self.wanted, self.coherence) if one is not None]
        # Probed texts are not judged, only checked for being broken.
        judged = sum((one.cost(grid.answers, self.how.max_new_tokens) for one in judges), RunCost())
        return grid + doubled + inside + judged

    def conditions(self) -> list[Condition]:
        """Unsteered, every level of the vector, every level of each random direction."""
        all_conditions = [Condition(UNSTEERED, Mixer()), *self.axis.conditions(self.levels)]
        for name, channel in self.randoms.items():
            all_conditions += self.axis.conditions(self.levels, channel.vector, f"{name} ")
        return all_conditions

    def run_grid(self, contrast: str | None) -> Steps[tuple[DoseTable, int]]:
        """Answer every prompt at every level; returns the dose table and how many judge scores are
        missing.
        """
        all_conditions = self.conditions()
        table = yield from answer_prompts(
            self.voice, self.prompts, all_conditions, self.how, vector=self.axis.channel.vector
        )
        pairs = yield from self._propensities(contrast, all_conditions)
        scored = yield from self.wanted.score_answers(table)
        missing, coherent = self.wanted.count_missing(table, scored), None
        if self.coherence is not None:
            judged = yield from self.coherence.score_answers(table)
            missing, coherent = (
                missing + self.coherence.count_missing(table, judged),
                as_share(judged, self.coherence),
            )
        found = DoseTable(
            table, scored, coherent, self.levels, pairs, self.how.seed, self.axis.off, tuple(self.randoms)
        )
        return found, missing

    def _propensities(
        self, contrast: str | None, all_conditions: Sequence[Condition]
    ) -> Steps[dict[str, list[float]]]:
        """{condition: one number per pair}; empty without a contrast set."""
        if not contrast:
            return {}
        mixers = [condition.mixer for condition in all_conditions]
        found = yield from self.voice.measure_propensities(contrast, PAIRS, mixers)
        return dict(zip(conditions.condition_names(all_conditions), found, strict=True))

    def find_edges(self, doses: DoseTable) -> Steps[dict[float, DoseEdge]]:
        """{side: its edge}."""
        found: dict[float, DoseEdge] = {}
        for sign in self.axis.breaking_signs:
            known = edges.edge_on_grid(doses.broken_shares(), sign)
            found[sign] = yield from edges.search_edge(lambda levels: self._probe(levels, doses), known)
            yield Progress(len(found), len(self.axis.breaking_signs), "edges found")
        return found

    def _probe(self, levels: Sequence[float], doses: DoseTable) -> Steps[list[float]]:
        """Share of broken texts at each of these levels, on the first prompts."""
        # A few prompts are enough to see whether half of the texts break.
        probed, few = self.axis.conditions(levels), self.prompts[:EDGE_PROMPTS]
        broken = [0] * len(levels)
        for number, prompt in enumerate(few):
            settings = with_prompt_seed(self.how, number)
            answers = yield from generate_answers(
                self.voice, prompt, probed, settings, vector=self.axis.channel.vector
            )
            for index, answer in enumerate(answers):
                broken[index] += coherence.is_broken(answer, doses.table[UNSTEERED][number])
        return [count / len(few) for count in broken]

    def facts(self) -> dict[str, Any]:
        axis = self.axis
        return {
            "by": axis.kind,
            "unit": axis.unit,
            "layers": list(axis.layers),
            "vector": axis.channel.label,
        }
