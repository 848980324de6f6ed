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


def experiment(voice: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """The loaded model is the base."""
    played = conditions.vector_channel(voice, params)
    asked, how = prompts.load_prompts(params, voice.name), GenerationSettings.from_params(params)
    by = make_scorer(params["measure"], voice, params)
    cost = RunCost.of_batches(len(asked), 4, how.max_new, rereads=5)
    yield (cost + by.cost(cost.answers, how.max_new)).row()
    tuned: ModelSampler = yield from voice.load_other(params["tuned"])
    random = conditions.random_channel(voice, played, how.seed)
    cast = [
        Condition(BASE, Mixer()),
        Condition(STEERED, Mixer((played,))),
        Condition(RANDOM, Mixer((random,))),
    ]
    said = yield from answer_prompts(voice, asked, cast, how, vector=played.vector)
    said |= yield from answer_prompts(tuned, asked, [Condition(TUNED, Mixer())], how)
    subjects = [ComparedModel(one.name, voice, one.mixer) for one in cast]
    kl = yield from _measure_kl(voice, tuned, subjects, asked, said)
    wanted = yield from by.score_answers(said)
    measures = [wanted, *(one for one in helpful_measures(voice.name) if one.name != wanted.name)]
    facts = {name: statistics.estimate_mean(row, how.seed).columns("kl_to_tuned") for name, row in kl.items()}
    # A model's distance to itself, known without measuring.
    facts[TUNED] = {"kl_to_tuned": 0.0}
    yield from matrix.compare_conditions("induce", said, measures, how.seed, facts)
    shown = {name: wanted.estimate(said[name], how.seed).to_json() for name in said}
    summary = {"measure": wanted.name, "missing": by.count_missing(said, wanted), "shown": shown}
    control = {"what": CONTROL, **_kl_change(kl, RANDOM, how.seed)}
    return {"summary": summary | _nearer_to_tuned(kl, how.seed), "control": control, "n": len(asked)}


def _kl_change(kl: Mapping[str, Sequence[Value]], name: str, seed: int) -> dict[str, Any]:
    """Change of the KL to the tuned model against base; negative means nearer."""
    return statistics.paired_difference(kl[name], kl[BASE], seed).columns("kl change")


def _nearer_to_tuned(kl: Mapping[str, Sequence[Value]], seed: int) -> dict[str, Any]:
    way = _kl_change(kl, STEERED, seed)
    high = way["kl change_hi"]
    return {**way, "nearer_to_tuned": bool(high is not None and high < 0)}


def _measure_kl(
    base: ModelSampler,
    tuned: ModelSampler,
    subjects: Sequence[ComparedModel],
    asked: Sequence[SamplePrompt],
    said: Mapping[str, Sequence[SampledAnswer]],
) -> Steps[dict[str, list[Value]]]:
    """{condition: one KL(tuned ‖ it) per prompt}."""
    kl: dict[str, list[Value]] = {subject.name: [] for subject in subjects}
    for place, prompt in enumerate(asked):
        # On texts of both ends, so that no condition is read on its own texts only.
        texts = [said[name][place].generated for name in (BASE, TUNED)]
        found = yield from measure_distances({TUNED: tuned}, subjects, prompt, texts)
        for name, row in found.items():
            kl[name].append(row[TUNED])
        yield Progress(place + 1, len(asked), "distances measured")
    return kl
