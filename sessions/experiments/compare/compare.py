"""Two vectors on the same prompts, side by side, at three doses each, with no steering and a random
direction.

The report shows every prompt with its answers next to one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.jobs.job import JobEvent, Point, Steps
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common import prompts, statistics
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import GenerationSettings, ModelSampler
from sessions.experiments.compare import duels, matrix
from sessions.experiments.scoring import coherence, conditions
from sessions.experiments.scoring.answers import SampledAnswer, answer_prompts
from sessions.experiments.scoring.conditions import RANDOM, UNSTEERED, Condition
from sessions.experiments.scoring.measures import MEASURES, Measure
from sessions.experiments.scoring.scoring import make_scorer

DOSES = (-1.0, 0.5, 1.0)
"""Multiples of the scale a vector's card suggests."""
OTHER_MEASURES = ("length", "distinct-2", "nll", "kl")
WHAT = "a random direction of the first vector's norms and gaps"


def experiment(sampler: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    names = [params["vector"], *([params["other"]] if params["other"] else [])]
    channels = [conditions.vector_channel(sampler, params, sampler.vector(name)) for name in names]
    prompt_list, settings = prompts.load_prompts(params, sampler.name), GenerationSettings.from_params(params)
    doses = _plan_doses(sampler, channels, params["scales"], settings.seed)
    all_conditions = [Condition(UNSTEERED, Mixer()), *(dose.condition for dose in doses)]
    scorer, judge = make_scorer(params["measure"], sampler, params), duels.pairwise_judge(params)
    cost = RunCost.of_batches(len(prompt_list), len(all_conditions), settings.max_new_tokens) + scorer.cost(
        len(prompt_list) * len(all_conditions), settings.max_new_tokens
    )
    yield (cost + duels.pairwise_cost(judge, len(prompt_list) * len(doses), settings.max_new_tokens)).row()
    answers_by_condition = yield from answer_prompts(
        sampler, prompt_list, all_conditions, settings, vector=channels[0].vector
    )
    measure = yield from scorer.score_answers(answers_by_condition)
    yield from _report_doses(answers_by_condition, measure, doses, settings.seed)
    unsettled = yield from duels.judge_pairs(
        judge, answers_by_condition, UNSTEERED, {d.name: (d.who, d.level) for d in doses}
    )
    tests = matrix.paired_differences(answers_by_condition, measure, settings.seed)
    facts: dict[str, Any] = {"measure": measure.name, "by": "scale", "unit": channels[0].unit}
    facts |= {
        "missing": scorer.count_missing(answers_by_condition, measure) + unsettled,
        "vectors": [one.label for one in channels],
    }
    facts["differences"] = {name: test.columns() for name, test in tests.items() if name != RANDOM}
    return {"summary": facts, "control": {"what": WHAT, **tests[RANDOM].columns()}, "n": len(prompt_list)}


@dataclass(frozen=True)
class ComparedDose:
    """A vector at a scale."""

    name: str
    who: str
    level: float
    mixer: Mixer

    @property
    def condition(self) -> Condition:
        return Condition(self.name, self.mixer)


def _plan_doses(
    sampler: ModelSampler, channels: Sequence[Channel], scales: tuple[float, ...] | None, seed: int
) -> list[ComparedDose]:
    """All doses of either vector, and a random direction at the first vector's own scale."""
    doses = []
    for channel in channels:
        for level in scales or tuple(dose * channel.scale for dose in DOSES):
            if level:
                name = f"{channel.label} {level:+g}"
                doses.append(
                    ComparedDose(name, channel.label, level, conditions.mixer_at_scale(channel, level))
                )
    # One random control is enough for both vectors: what counts is the size of the push.
    first = channels[0]
    return [
        *doses,
        ComparedDose(RANDOM, RANDOM, first.scale, Mixer((conditions.random_channel(sampler, first, seed),))),
    ]


def _report_doses(
    answers_by_condition: Mapping[str, Sequence[SampledAnswer]],
    measure: Measure,
    doses: Sequence[ComparedDose],
    seed: int,
) -> Iterator[JobEvent]:
    """The comparison table, and the share of whole texts by dose: a vector may lose only because it breaks
    the text.
    """
    measures = [measure, *(MEASURES[name] for name in OTHER_MEASURES if name != measure.name)]
    whole = {
        name: statistics.estimate_mean(
            coherence.whole_flags(answers, answers_by_condition[UNSTEERED]), seed, shares=True
        )
        for name, answers in answers_by_condition.items()
    }
    facts = {name: found.columns("coherence") for name, found in whole.items()}
    yield from matrix.compare_conditions("compare", answers_by_condition, measures, seed, facts)
    for dose in doses:
        found = whole[dose.name]
        yield Point(f"coherence, {dose.who}", dose.level, found.value or 0.0, found.lo, found.hi)
