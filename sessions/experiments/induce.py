"""Can a vector stand in for a fine-tuning? Base, base + vector and the tuned model on the same prompts.

Besides the answers: the KL of each condition to the tuned model, on the answers of base and tuned. A
vector that makes the base sound tuned but leaves its distribution where it was changes only the
surface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.jobs.job import Progress, Steps
from core.mixer.mixer import Mixer
from sessions.experiments.common import prompts, statistics
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import GenerationSettings, ModelSampler, SamplePrompt
from sessions.experiments.compare import matrix
from sessions.experiments.lobotomy.divergence import ComparedModel, measure_distances
from sessions.experiments.scoring import conditions
from sessions.experiments.scoring.answers import SampledAnswer, answer_prompts
from sessions.experiments.scoring.conditions import Condition
from sessions.experiments.scoring.measures import Value, helpful_measures
from sessions.experiments.scoring.scoring import make_scorer

CONTROL = "a random direction of the same norms and gaps"
BASE, STEERED, RANDOM, TUNED = "base", "base + v", "base + random", "tuned"


def experiment(sampler: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """The loaded model is the base."""
    channel = conditions.vector_channel(sampler, params)
    prompt_list, settings = prompts.load_prompts(params, sampler.name), GenerationSettings.from_params(params)
    scorer = make_scorer(params["measure"], sampler, params)
    cost = RunCost.of_batches(len(prompt_list), 4, settings.max_new_tokens, rereads=5)
    yield (cost + scorer.cost(cost.answers, settings.max_new_tokens)).row()
    tuned: ModelSampler = yield from sampler.load_other(params["tuned"])
    random = conditions.random_channel(sampler, channel, settings.seed)
    all_conditions = [
        Condition(BASE, Mixer()),
        Condition(STEERED, Mixer((channel,))),
        Condition(RANDOM, Mixer((random,))),
    ]
    answers_by_condition = yield from answer_prompts(
        sampler, prompt_list, all_conditions, settings, vector=channel.vector
    )
    answers_by_condition |= yield from answer_prompts(
        tuned, prompt_list, [Condition(TUNED, Mixer())], settings
    )
    subjects = [ComparedModel(one.name, sampler, one.mixer) for one in all_conditions]
    kl = yield from _measure_kl(sampler, tuned, subjects, prompt_list, answers_by_condition)
    measure = yield from scorer.score_answers(answers_by_condition)
    measures = [measure, *(one for one in helpful_measures(sampler.name) if one.name != measure.name)]
    facts = {
        name: statistics.estimate_mean(row, settings.seed).columns("kl_to_tuned") for name, row in kl.items()
    }
    # A model's distance to itself, known without measuring.
    facts[TUNED] = {"kl_to_tuned": 0.0}
    yield from matrix.compare_conditions("induce", answers_by_condition, measures, settings.seed, facts)
    estimates = {
        name: measure.estimate(answers_by_condition[name], settings.seed).to_json()
        for name in answers_by_condition
    }
    summary = {
        "measure": measure.name,
        "missing": scorer.count_missing(answers_by_condition, measure),
        "shown": estimates,
    }
    control = {"what": CONTROL, **_kl_change(kl, RANDOM, settings.seed)}
    return {
        "summary": summary | _nearer_to_tuned(kl, settings.seed),
        "control": control,
        "n": len(prompt_list),
    }


def _kl_change(kl: Mapping[str, Sequence[Value]], name: str, seed: int) -> dict[str, Any]:
    """Change of the KL to the tuned model against base; negative means nearer."""
    return statistics.paired_difference(kl[name], kl[BASE], seed).columns("kl change")


def _nearer_to_tuned(kl: Mapping[str, Sequence[Value]], seed: int) -> dict[str, Any]:
    change = _kl_change(kl, STEERED, seed)
    high = change["kl change_hi"]
    return {**change, "nearer_to_tuned": bool(high is not None and high < 0)}


def _measure_kl(
    base: ModelSampler,
    tuned: ModelSampler,
    subjects: Sequence[ComparedModel],
    prompt_list: Sequence[SamplePrompt],
    answers_by_condition: Mapping[str, Sequence[SampledAnswer]],
) -> Steps[dict[str, list[Value]]]:
    """{condition: one KL(tuned ‖ it) per prompt}."""
    kl: dict[str, list[Value]] = {subject.name: [] for subject in subjects}
    for index, prompt in enumerate(prompt_list):
        # On texts of both ends, so that no condition is read on its own texts only.
        texts = [answers_by_condition[name][index].generated for name in (BASE, TUNED)]
        found = yield from measure_distances({TUNED: tuned}, subjects, prompt, texts)
        for name, row in found.items():
            kl[name].append(row[TUNED])
        yield Progress(index + 1, len(prompt_list), "distances measured")
    return kl
