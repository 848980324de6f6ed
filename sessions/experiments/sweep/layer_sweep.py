"""Which layers matter: the vector on one layer at a time with both signs, against a random direction.

A layer's effect is half the difference of the measure between +s and −s, reported with the cost to the
text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import UsageError
from core.jobs.job import JobEvent, Point, Row, Steps
from core.mixer.effects import channel_band
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common import prompts, statistics
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import GenerationSettings, ModelSampler
from sessions.experiments.scoring import coherence, conditions
from sessions.experiments.scoring.answers import SampledAnswer, answer_prompts, differing_answers
from sessions.experiments.scoring.conditions import CONTROL, MINUS, PLUS, UNSTEERED, Condition
from sessions.experiments.scoring.measures import MEASURES, Measure, Value
from sessions.experiments.scoring.scoring import make_scorer


def experiment(sampler: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """One batch per prompt holds all layers, both signs and both directions."""
    if params["controls"] != 1:
        raise UsageError("every layer has exactly one random direction: leave --controls out")
    channel = conditions.vector_channel(sampler, params)
    layers = channel_band(channel, sampler.n_layers) if params["layers"] else tuple(channel.vector.layers)
    prompt_list, settings = prompts.load_prompts(params, sampler.name), GenerationSettings.from_params(params)
    scorer = make_scorer(params["measure"], sampler, params)
    all_conditions = _layer_conditions(
        channel, conditions.random_channel(sampler, channel, settings.seed), layers
    )
    yield (
        RunCost.of_batches(len(prompt_list), len(all_conditions), settings.max_new_tokens)
        + scorer.cost(len(all_conditions) * len(prompt_list), settings.max_new_tokens)
    ).row()
    table = yield from answer_prompts(sampler, prompt_list, all_conditions, settings, vector=channel.vector)
    measure = yield from scorer.score_answers(table)
    effects = {
        f"{mark}{layer}": _effect(table, measure, layer, mark, settings.seed)
        for layer in layers
        for mark in ("", CONTROL)
    }
    yield from _events(table, effects, layers, channel)
    facts = {"by": "layer", "measure": measure.name, "scale": channel.scale}
    summary = _summary(effects, layers) | facts | {"missing": scorer.count_missing(table, measure)}
    return {"summary": summary, "control": _control(effects, layers), "n": len(prompt_list)}


def _layer_conditions(channel: Channel, random: Channel, layers: Sequence[int]) -> list[Condition]:
    all_conditions = [Condition(UNSTEERED, Mixer())]
    for layer in layers:
        all_conditions += _both_signs(channel, layer, "") + _both_signs(random, layer, CONTROL)
    return all_conditions


def _events(
    table: Mapping[str, list[SampledAnswer]],
    effects: Mapping[str, statistics.Difference],
    layers: Sequence[int],
    channel: Channel,
) -> Iterator[JobEvent]:
    p_holm = statistics.holm_adjusted({str(layer): effects[str(layer)].p for layer in layers})
    for layer in layers:
        row = _row(table, effects, layer)
        yield Row("layers", str(layer), {"layer": layer, **row, "p_holm": p_holm[str(layer)]})
        found = effects[str(layer)].estimate
        if found.value is not None:
            yield Point(f"effect of {channel.label}", layer, found.value, found.lo, found.hi)


def _control(effects: Mapping[str, statistics.Difference], layers: Sequence[int]) -> dict[str, Any]:
    return {
        "what": "a random direction of the same norms and gaps on the same layer",
        "effects": {str(layer): effects[f"{CONTROL}{layer}"].estimate.to_json() for layer in layers},
    }


def _both_signs(channel: Channel, layer: int, mark: str) -> list[Condition]:
    alone = Mixer((conditions.single_layer_channel(channel, layer),))
    return [
        Condition(f"{mark}{layer} {PLUS}", alone),
        Condition(f"{mark}{layer} {MINUS}", alone.flip(0)),
    ]


def _effect(
    table: Mapping[str, list[SampledAnswer]], measure: Measure, layer: int, mark: str, seed: int
) -> statistics.Difference:
    above, below = (measure.all(table[f"{mark}{layer} {sign}"]) for sign in (PLUS, MINUS))
    # The paired difference of halves is half the difference, with its interval.
    halved: list[tuple[Value, Value]] = [
        (None, None) if up is None or down is None else (up / 2, down / 2)
        for up, down in zip(above, below, strict=True)
    ]
    return statistics.paired_difference([up for up, _ in halved], [down for _, down in halved], seed)


def _row(
    table: Mapping[str, list[SampledAnswer]], effects: Mapping[str, statistics.Difference], layer: int
) -> dict[str, Any]:
    both = table[f"{layer} {PLUS}"] + table[f"{layer} {MINUS}"]
    # Both signs are compared with the same unsteered answers.
    whole = coherence.whole_flags(both, table[UNSTEERED] * 2)
    row = effects[str(layer)].columns("effect") | {"n": effects[str(layer)].estimate.n}
    row |= statistics.estimate_mean(whole, shares=True).columns("coherence")
    row |= statistics.estimate_mean(differing_answers(both, table[UNSTEERED] * 2), shares=True).columns(
        "changed"
    )
    row["kl"] = MEASURES["kl"].estimate(both).value
    return row | {"random": effects[f"{CONTROL}{layer}"].estimate.value}


def _summary(effects: Mapping[str, statistics.Difference], layers: tuple[int, ...]) -> dict[str, Any]:
    known = {layer: effects[str(layer)].estimate.value for layer in layers}
    sizes = {layer: abs(value) for layer, value in known.items() if value is not None}
    return {"best_layer": max(sizes, key=lambda layer: sizes[layer]) if sizes else None}
