"""Which layers matter: the vector on one layer at a time, turned both ways, beside a random one.

The effect of a layer is half the way the measure goes from −s to +s; what it costs the text stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import UsageError
from core.jobs.job import Event, Point, Row
from core.mixer.effects import band
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common import prompts, statistics
from sessions.experiments.common.cost import Cost
from sessions.experiments.common.sampler import How, Voice, Work
from sessions.experiments.scoring import coherence, conditions
from sessions.experiments.scoring.answers import Answer, all_answers, changed
from sessions.experiments.scoring.conditions import CONTROL, MINUS, PLUS, UNSTEERED, Condition
from sessions.experiments.scoring.measures import MEASURES, Measure, Value
from sessions.experiments.scoring.scoring import scorer


def experiment(voice: Voice, params: Mapping[str, Any]) -> Work:
    """One batch per prompt holds all layers, both signs and both vectors."""
    if params["controls"] != 1:
        raise UsageError("one random direction stands beside each layer: leave --controls out")
    played = conditions.channel(voice, params)
    layers = band(played, voice.n_layers) if params["layers"] else tuple(played.vector.layers)
    asked, how = prompts.asked(params, voice.name), How.of(params)
    by = scorer(params["measure"], voice, params)
    cast = _cast(played, conditions.control(voice, played, how.seed), layers)
    yield (Cost.of(len(asked), len(cast), how.max_new) + by.cost(len(cast) * len(asked), how.max_new)).row()
    table = yield from all_answers(voice, asked, cast, how, vector=played.vector)
    wanted = yield from by.over(table)
    effects = {
        f"{mark}{layer}": _effect(table, wanted, layer, mark, how.seed)
        for layer in layers
        for mark in ("", CONTROL)
    }
    yield from _events(table, effects, layers, played)
    facts = {"by": "layer", "measure": wanted.name, "scale": played.scale}
    summary = _summary(effects, layers) | facts | {"missing": by.missing(table, wanted)}
    return {"summary": summary, "control": _control(effects, layers), "n": len(asked)}


def _cast(played: Channel, random: Channel, layers: Sequence[int]) -> list[Condition]:
    cast = [Condition(UNSTEERED, Mixer())]
    for layer in layers:
        cast += _pair(played, layer, "") + _pair(random, layer, CONTROL)
    return cast


def _events(
    table: Mapping[str, list[Answer]],
    effects: Mapping[str, statistics.Difference],
    layers: Sequence[int],
    played: Channel,
) -> Iterator[Event]:
    p_holm = statistics.holm({str(layer): effects[str(layer)].p for layer in layers})
    for layer in layers:
        row = _row(table, effects, layer)
        yield Row("layers", str(layer), {"layer": layer, **row, "p_holm": p_holm[str(layer)]})
        found = effects[str(layer)].estimate
        if found.value is not None:
            yield Point(f"effect of {played.label}", layer, found.value, found.lo, found.hi)


def _control(effects: Mapping[str, statistics.Difference], layers: Sequence[int]) -> dict[str, Any]:
    return {
        "what": "a random direction of the same norms and gaps on the same layer",
        "effects": {str(layer): effects[f"{CONTROL}{layer}"].estimate.to_json() for layer in layers},
    }


def _pair(played: Channel, layer: int, mark: str) -> list[Condition]:
    alone = Mixer((conditions.alone(played, layer),))
    return [
        Condition(f"{mark}{layer} {PLUS}", alone),
        Condition(f"{mark}{layer} {MINUS}", alone.flip(0)),
    ]


def _effect(
    table: Mapping[str, list[Answer]], wanted: Measure, layer: int, mark: str, seed: int
) -> statistics.Difference:
    above, below = (wanted.all(table[f"{mark}{layer} {sign}"]) for sign in (PLUS, MINUS))
    halved: list[tuple[Value, Value]] = [
        (None, None) if up is None or down is None else (up / 2, down / 2)
        for up, down in zip(above, below, strict=True)
    ]
    return statistics.difference([up for up, _ in halved], [down for _, down in halved], seed)


def _row(
    table: Mapping[str, list[Answer]], effects: Mapping[str, statistics.Difference], layer: int
) -> dict[str, Any]:
    both = table[f"{layer} {PLUS}"] + table[f"{layer} {MINUS}"]
    whole = coherence.whole(both, table[UNSTEERED] * 2)
    row = effects[str(layer)].columns("effect") | {"n": effects[str(layer)].estimate.n}
    row |= statistics.estimate(whole, shares=True).columns("coherence")
    row |= statistics.estimate(changed(both, table[UNSTEERED] * 2), shares=True).columns("changed")
    row["kl"] = MEASURES["kl"].estimate(both).value
    return row | {"random": effects[f"{CONTROL}{layer}"].estimate.value}


def _summary(effects: Mapping[str, statistics.Difference], layers: tuple[int, ...]) -> dict[str, Any]:
    known = {layer: effects[str(layer)].estimate.value for layer in layers}
    sizes = {layer: abs(value) for layer, value in known.items() if value is not None}
    return {"best_layer": max(sizes, key=lambda layer: sizes[layer]) if sizes else None}
