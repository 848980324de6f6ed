"""Lobotomy: remove a fine-tuning from a tuned model in steps of λ, and test whether the result is the base
model.

Two forms. Activations: v_L = mean h_tuned − mean h_base at the last prompt token, subtracted at run
time (−λ·v split over the band). Weights: W_tuned − λ(W_tuned − W_base). Distances to base and tuned are
KL on the answers of those two, with the perplexity of each model's own answers under base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from core.jobs.job import Progress, Steps, task_group
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common import prompts
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import GenerationSettings, ModelSampler, SamplePrompt
from sessions.experiments.judges.verdict import cache_digest
from sessions.experiments.lobotomy import tuning
from sessions.experiments.lobotomy.divergence import ComparedModel, measure_distances
from sessions.experiments.lobotomy.treated import (
    ACTIVATION,
    BASE,
    RANDOM,
    SHUFFLED,
    TUNED,
    WEIGHTS,
    TreatedModel,
    TreatmentTable,
)
from sessions.experiments.scoring import conditions
from sessions.experiments.scoring.answers import SampledAnswer, answer_prompts
from sessions.experiments.scoring.conditions import Condition
from sessions.experiments.scoring.measures import Value, helpful_measures, mean_value
from sessions.experiments.scoring.scoring import Scorer, make_scorer

CONTROLS = "a random direction of the same norms; the change of every matrix at shuffled places"


def experiment(sampler: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    prompt_list = prompts.load_prompts({**params, "n": 2 * params["n"]}, sampler.name)
    # One half fits the vector, the other measures, so that no prompt does both.
    fit, held_out = prompt_list[0::2], prompt_list[1::2]
    # λ = 0 is the untouched model, which every change is compared with.
    amounts, settings = sorted({0.0, *params["amounts"]}), GenerationSettings.from_params(params)
    forms = (ACTIVATION, WEIGHTS) if params["form"] == "both" else (params["form"],)
    scorer = make_scorer(params["measure"], sampler, params)
    cost = _cost(held_out, amounts, forms, settings)
    yield (cost + scorer.cost(cost.answers, settings.max_new_tokens)).row()
    base: ModelSampler = yield from sampler.load_other(params["base"])
    axis, sign = yield from tuning.tuning_channel(sampler, base, fit, held_out, params["layers"])
    treated = _subtract_activations(sampler, axis, amounts, settings.seed) if ACTIVATION in forms else []
    if WEIGHTS in forms:
        treated += yield from _blend_weights(sampler, base, amounts)
    table, missing = yield from _measure_models(sampler, base, treated, held_out, settings, scorer)
    yield from table.events()
    facts = {"base": base.name, "tuned": sampler.name, "sign": sign, "by": "λ"}
    summary = {**facts, **table.summary(), "missing": missing}
    return {"summary": summary, "control": {"what": CONTROLS, "rows": table.control()}, "n": len(held_out)}


def _measure_models(
    sampler: ModelSampler,
    base: ModelSampler,
    treated: Sequence[TreatedModel],
    held_out: Sequence[SamplePrompt],
    settings: GenerationSettings,
    scorer: Scorer,
) -> Steps[tuple[TreatmentTable, int]]:
    """Generate and measure everything; returns the table and how many scores are missing."""
    answers_by_model = yield from _generate_texts(sampler, base, treated, held_out, settings)
    distances = yield from _measure_kl(sampler, base, treated, held_out, answers_by_model)
    base_nll = yield from _measure_base_nll(base, answers_by_model)
    measure = yield from scorer.score_answers(answers_by_model)
    measures = [measure, *(one for one in helpful_measures(sampler.name) if one.name != measure.name)]
    return TreatmentTable(
        treated, answers_by_model, distances, base_nll, measures, settings.seed
    ), scorer.count_missing(answers_by_model, measure)


def _cost(
    held_out: Sequence[SamplePrompt],
    amounts: Sequence[float],
    forms: Sequence[str],
    settings: GenerationSettings,
) -> RunCost:
    cost = RunCost.of_batches(len(held_out), 2, settings.max_new_tokens, rereads=1)
    for _ in forms:
        cost += RunCost.of_batches(len(held_out), 2 * len(amounts), settings.max_new_tokens, rereads=3)
    return cost


def _subtract_activations(
    sampler: ModelSampler, axis: Channel, amounts: Sequence[float], seed: int
) -> list[TreatedModel]:
    random = conditions.random_channel(sampler, axis, seed)
    found = []
    for form, channel in ((ACTIVATION, axis), (RANDOM, random)):
        # λ = 0 of a control would be the tuned model again.
        for amount in amounts if form == ACTIVATION else [a for a in amounts if a]:
            mixer = Mixer((replace(channel, scale=-amount),)) if amount else Mixer()
            found.append(TreatedModel(form, amount, ComparedModel(f"{form} λ={amount:g}", sampler, mixer)))
    return found


def _blend_weights(
    sampler: ModelSampler, base: ModelSampler, amounts: Sequence[float]
) -> Steps[list[TreatedModel]]:
    found = []
    for form in (WEIGHTS, SHUFFLED):
        # λ = 0 of a control would be the tuned model again.
        for amount in amounts if form == WEIGHTS else [a for a in amounts if a]:
            blended = yield from sampler.blend(base, amount, shuffled=form == SHUFFLED)
            found.append(TreatedModel(form, amount, ComparedModel(f"{form} λ={amount:g}", blended)))
            yield Progress(len(found), 2 * len(amounts) - 1, "models blended")
    return found


def _generate_texts(
    sampler: ModelSampler,
    base: ModelSampler,
    treated: Sequence[TreatedModel],
    held_out: Sequence[SamplePrompt],
    settings: GenerationSettings,
) -> Steps[dict[str, list[SampledAnswer]]]:
    """{model: one answer per prompt}; all λ of the activation form run in one batch."""
    answers_by_model: dict[str, list[SampledAnswer]] = {}
    answers_by_model |= yield from answer_prompts(base, held_out, [Condition(BASE, Mixer())], settings)
    answers_by_model |= yield from answer_prompts(sampler, held_out, [Condition(TUNED, Mixer())], settings)
    lanes = [Condition(one.name, one.subject.mixer) for one in treated if one.subject.voice is sampler]
    if lanes:
        answers_by_model |= yield from answer_prompts(sampler, held_out, lanes, settings)
    for one in treated:
        # Models with other weights cannot share a batch.
        if one.subject.voice is not sampler:
            answers_by_model |= yield from answer_prompts(
                one.subject.voice, held_out, [Condition(one.name, Mixer())], settings
            )
    return answers_by_model


def _measure_kl(
    sampler: ModelSampler,
    base: ModelSampler,
    treated: Sequence[TreatedModel],
    held_out: Sequence[SamplePrompt],
    answers_by_model: Mapping[str, Sequence[SampledAnswer]],
) -> Steps[dict[str, dict[str, list[Value]]]]:
    """{model: {reference: one KL per prompt}}, on the answers of base and tuned."""
    references = {BASE: base, TUNED: sampler}
    distances: dict[str, dict[str, list[Value]]] = {one.name: {BASE: [], TUNED: []} for one in treated}
    for index, prompt in enumerate(held_out):
        texts = [answers_by_model[name][index].generated for name in references]
        found = yield from measure_distances(references, [one.subject for one in treated], prompt, texts)
        for name, row in found.items():
            for reference, value in row.items():
                distances[name][reference].append(value)
        yield Progress(index + 1, len(held_out), "distances measured")
    return distances


def _measure_base_nll(
    base: ModelSampler, answers_by_model: Mapping[str, Sequence[SampledAnswer]]
) -> Steps[dict[str, list[Value]]]:
    """{model: −log p of every answer's tokens under base}; for base's own answers it is known already."""
    found: dict[str, list[Value]] = {}
    for number, (name, answers) in enumerate(answers_by_model.items(), start=1):
        found[name] = []
        for answer in answers:
            nll = list(answer.reading.nll) if name == BASE else (yield from _read_by_base(base, answer))
            found[name].append(mean_value(nll))
        yield Progress(number, len(answers_by_model), "texts read by base")
    return found


def _read_by_base(base: ModelSampler, answer: SampledAnswer) -> Steps[list[float]]:
    key = f"read by base {cache_digest(base.identity, str(answer.prompt), str(answer.generated.ids))}"
    return (yield from task_group(key, partial(_read_nll, base, answer)))


def _read_nll(base: ModelSampler, answer: SampledAnswer) -> Steps[list[float]]:
    return list((yield from base.read(answer.prompt, answer.generated)).nll)
