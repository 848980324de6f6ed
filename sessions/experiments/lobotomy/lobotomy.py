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


def experiment(voice: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    asked = prompts.load_prompts({**params, "n": 2 * params["n"]}, voice.name)
    # One half fits the vector, the other measures, so that no prompt does both.
    fit, held = asked[0::2], asked[1::2]
    # λ = 0 is the untouched model, which every change is compared with.
    amounts, how = sorted({0.0, *params["amounts"]}), GenerationSettings.from_params(params)
    forms = (ACTIVATION, WEIGHTS) if params["form"] == "both" else (params["form"],)
    by = make_scorer(params["measure"], voice, params)
    cost = _cost(held, amounts, forms, how)
    yield (cost + by.cost(cost.answers, how.max_new)).row()
    base: ModelSampler = yield from voice.load_other(params["base"])
    axis, sign = yield from tuning.tuning_channel(voice, base, fit, held, params["layers"])
    treated = _subtract_activations(voice, axis, amounts, how.seed) if ACTIVATION in forms else []
    if WEIGHTS in forms:
        treated += yield from _blend_weights(voice, base, amounts)
    table, missing = yield from _measure_models(voice, base, treated, held, how, by)
    yield from table.events()
    facts = {"base": base.name, "tuned": voice.name, "sign": sign, "by": "λ"}
    summary = {**facts, **table.summary(), "missing": missing}
    return {"summary": summary, "control": {"what": CONTROLS, "rows": table.control()}, "n": len(held)}


def _measure_models(
    voice: ModelSampler,
    base: ModelSampler,
    treated: Sequence[TreatedModel],
    held: Sequence[SamplePrompt],
    how: GenerationSettings,
    by: Scorer,
) -> Steps[tuple[TreatmentTable, int]]:
    """Generate and measure everything; returns the table and how many scores are missing."""
    said = yield from _generate_texts(voice, base, treated, held, how)
    apart = yield from _measure_kl(voice, base, treated, held, said)
    likely = yield from _measure_base_nll(base, said)
    wanted = yield from by.score_answers(said)
    measures = [wanted, *(one for one in helpful_measures(voice.name) if one.name != wanted.name)]
    return TreatmentTable(treated, said, apart, likely, measures, how.seed), by.count_missing(said, wanted)


def _cost(
    held: Sequence[SamplePrompt], amounts: Sequence[float], forms: Sequence[str], how: GenerationSettings
) -> RunCost:
    cost = RunCost.of_batches(len(held), 2, how.max_new, rereads=1)
    for _ in forms:
        cost += RunCost.of_batches(len(held), 2 * len(amounts), how.max_new, rereads=3)
    return cost


def _subtract_activations(
    voice: ModelSampler, axis: Channel, amounts: Sequence[float], seed: int
) -> list[TreatedModel]:
    random = conditions.random_channel(voice, axis, seed)
    found = []
    for form, channel in ((ACTIVATION, axis), (RANDOM, random)):
        # λ = 0 of a control would be the tuned model again.
        for amount in amounts if form == ACTIVATION else [a for a in amounts if a]:
            mixer = Mixer((replace(channel, scale=-amount),)) if amount else Mixer()
            found.append(TreatedModel(form, amount, ComparedModel(f"{form} λ={amount:g}", voice, mixer)))
    return found


def _blend_weights(
    voice: ModelSampler, base: ModelSampler, amounts: Sequence[float]
) -> Steps[list[TreatedModel]]:
    found = []
    for form in (WEIGHTS, SHUFFLED):
        # λ = 0 of a control would be the tuned model again.
        for amount in amounts if form == WEIGHTS else [a for a in amounts if a]:
            blended = yield from voice.blend(base, amount, shuffled=form == SHUFFLED)
            found.append(TreatedModel(form, amount, ComparedModel(f"{form} λ={amount:g}", blended)))
            yield Progress(len(found), 2 * len(amounts) - 1, "models blended")
    return found


def _generate_texts(
    voice: ModelSampler,
    base: ModelSampler,
    treated: Sequence[TreatedModel],
    held: Sequence[SamplePrompt],
    how: GenerationSettings,
) -> Steps[dict[str, list[SampledAnswer]]]:
    """{model: one answer per prompt}; all λ of the activation form run in one batch."""
    said: dict[str, list[SampledAnswer]] = {}
    said |= yield from answer_prompts(base, held, [Condition(BASE, Mixer())], how)
    said |= yield from answer_prompts(voice, held, [Condition(TUNED, Mixer())], how)
    lanes = [Condition(one.name, one.subject.mixer) for one in treated if one.subject.voice is voice]
    if lanes:
        said |= yield from answer_prompts(voice, held, lanes, how)
    for one in treated:
        # Models with other weights cannot share a batch.
        if one.subject.voice is not voice:
            said |= yield from answer_prompts(one.subject.voice, held, [Condition(one.name, Mixer())], how)
    return said


def _measure_kl(
    voice: ModelSampler,
    base: ModelSampler,
    treated: Sequence[TreatedModel],
    held: Sequence[SamplePrompt],
    said: Mapping[str, Sequence[SampledAnswer]],
) -> Steps[dict[str, dict[str, list[Value]]]]:
    """{model: {reference: one KL per prompt}}, on the answers of base and tuned."""
    references = {BASE: base, TUNED: voice}
    apart: dict[str, dict[str, list[Value]]] = {one.name: {BASE: [], TUNED: []} for one in treated}
    for place, prompt in enumerate(held):
        texts = [said[name][place].generated for name in references]
        found = yield from measure_distances(references, [one.subject for one in treated], prompt, texts)
        for name, row in found.items():
            for reference, value in row.items():
                apart[name][reference].append(value)
        yield Progress(place + 1, len(held), "distances measured")
    return apart


def _measure_base_nll(
    base: ModelSampler, said: Mapping[str, Sequence[SampledAnswer]]
) -> Steps[dict[str, list[Value]]]:
    """{model: −log p of every answer's tokens under base}; for base's own answers it is known already."""
    found: dict[str, list[Value]] = {}
    for number, (name, answers) in enumerate(said.items(), start=1):
        found[name] = []
        for answer in answers:
            nll = list(answer.reading.nll) if name == BASE else (yield from _read_by_base(base, answer))
            found[name].append(mean_value(nll))
        yield Progress(number, len(said), "texts read by base")
    return found


def _read_by_base(base: ModelSampler, answer: SampledAnswer) -> Steps[list[float]]:
    key = f"read by base {cache_digest(base.identity, str(answer.prompt), str(answer.generated.ids))}"
    return (yield from task_group(key, partial(_read_nll, base, answer)))


def _read_nll(base: ModelSampler, answer: SampledAnswer) -> Steps[list[float]]:
    return list((yield from base.read(answer.prompt, answer.generated)).nll)
