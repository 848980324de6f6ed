"""Lobotomy: take a tuned model's tuning back, λ at a time, and see whether what is left is the base model.

Two forms. Activations: v_L = mean h_tuned − mean h_base where an answer begins, subtracted at run time (−λ·v shared out
over the band). Weights: W_tuned − λ(W_tuned − W_base). v points from base to tuned, which is checked on prompts it was
not made from: a published recipe has the sign the other way round, and then the test tests its opposite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.bands import parse_layers
from core.jobs import Progress
from core.levels import default_band
from core.mixer import Channel, Mixer
from sessions.experiments import conditions, prompts
from sessions.experiments.answers import Answer, all_answers
from sessions.experiments.conditions import Condition
from sessions.experiments.cost import Cost
from sessions.experiments.divergence import Subject, distances
from sessions.experiments.measures import Value, helpfulness
from sessions.experiments.scoring import scorer
from sessions.experiments.treated import ACTIVATION, BASE, RANDOM, SHUFFLED, TUNED, WEIGHTS, Table, Treated
from sessions.experiments.voice import How, Prompt, Voice, Work


def experiment(voice: Voice, params: Mapping[str, Any]) -> Work:
    asked = prompts.asked({**params, "n": 2 * params["n"]}, voice.name)
    fit, held = asked[0::2], asked[1::2]
    amounts = sorted({0.0, *params["amounts"]})
    how = How.of(params)
    forms = (ACTIVATION, WEIGHTS) if params["form"] == "both" else (params["form"],)
    by = scorer(params["measure"], voice, params)
    cost = _cost(held, amounts, forms, how)
    yield (cost + by.cost(cost.answers, how.max_new)).row()
    base: Voice = yield from voice.other(params["base"])
    axis, sign = yield from _axis(voice, base, fit, held, params)
    treated = _activations(voice, axis, amounts, how.seed) if ACTIVATION in forms else []
    if WEIGHTS in forms:
        treated += yield from _weights(voice, base, amounts)
    said = yield from _said(voice, base, treated, held, how)
    apart = yield from _apart(voice, base, treated, held, said)
    wanted = yield from by.over(said)
    measures = [wanted, *(one for one in helpfulness(voice.name) if one.name != wanted.name)]
    table = Table(treated, said, apart, measures, how.seed)
    yield from table.events()
    return {
        "summary": {
            "base": base.name,
            "tuned": voice.name,
            "sign": sign,
            "by": "λ",
            **table.summary(),
            "missing": by.missing(said, wanted),
        },
        "control": {
            "what": "a random direction of the same norms; the change of every matrix at shuffled places",
            "rows": table.control(),
        },
        "n": len(held),
    }


def _cost(held: Sequence[Prompt], amounts: Sequence[float], forms: Sequence[str], how: How) -> Cost:
    cost = Cost.of(len(held), 2, how.max_new, rereads=1)
    for _ in forms:
        cost += Cost.of(len(held), 2 * len(amounts), how.max_new, rereads=3)
    return cost


def _axis(
    voice: Voice, base: Voice, fit: Sequence[Prompt], held: Sequence[Prompt], params: Mapping[str, Any]
) -> Work:
    """The channel that subtracts the tuning, and on which share of unseen prompts tuned projects above base."""
    sides: dict[str, dict[int, Any]] = {}
    for name, who, these in (
        ("fit tuned", voice, fit),
        ("fit base", base, fit),
        ("held tuned", voice, held),
        ("held base", base, held),
    ):
        sides[name] = yield from who.states(these)
        yield Progress(len(sides), 4, "sides read")
    rows = {
        layer: states.mean(0) - sides["fit base"][layer].mean(0)
        for layer, states in sides["fit tuned"].items()
    }
    band = (
        parse_layers(params["layers"], voice.n_layers) if params["layers"] else default_band(voice.n_layers)
    )
    vector = voice.direction("tuned − base", rows)
    above: list[float] = []
    for layer in band:
        apart = (sides["held tuned"][layer] - sides["held base"][layer]) @ rows[layer]
        above += (apart > 0).astype(float).tolist()
    sign = {
        "points": "base → tuned",
        "on_unseen_prompts": float(np.mean(above)),
        "holds": np.mean(above) > 0.5,
    }
    channel = Channel(vector, scale=-1.0, unit="raw", layers=tuple(band), split=True)
    return channel, {**sign, "holds": bool(sign["holds"])}


def _activations(voice: Voice, axis: Channel, amounts: Sequence[float], seed: int) -> list[Treated]:
    random = conditions.control(voice, axis, seed)
    found = []
    for form, channel in ((ACTIVATION, axis), (RANDOM, random)):
        for amount in amounts if form == ACTIVATION else [a for a in amounts if a]:
            mixer = Mixer((replace(channel, scale=-amount),)) if amount else Mixer()
            found.append(Treated(form, amount, Subject(f"{form} λ={amount:g}", voice, mixer)))
    return found


def _weights(voice: Voice, base: Voice, amounts: Sequence[float]) -> Work:
    found = []
    for form in (WEIGHTS, SHUFFLED):
        for amount in amounts if form == WEIGHTS else [a for a in amounts if a]:
            blended = yield from voice.blend(base, amount, shuffled=form == SHUFFLED)
            found.append(Treated(form, amount, Subject(f"{form} λ={amount:g}", blended)))
            yield Progress(len(found), 2 * len(amounts) - 1, "models blended")
    return found


def _said(voice: Voice, base: Voice, treated: Sequence[Treated], held: Sequence[Prompt], how: How) -> Work:
    """{who: one answer per prompt}; the activation form of all λ in one batch."""
    said: dict[str, list[Answer]] = {}
    said |= yield from all_answers(base, held, [Condition(BASE, Mixer())], how)
    said |= yield from all_answers(voice, held, [Condition(TUNED, Mixer())], how)
    lanes = [Condition(one.name, one.subject.mixer) for one in treated if one.subject.voice is voice]
    if lanes:
        said |= yield from all_answers(voice, held, lanes, how)
    for one in treated:
        if one.subject.voice is not voice:
            said |= yield from all_answers(one.subject.voice, held, [Condition(one.name, Mixer())], how)
    return said


def _apart(
    voice: Voice,
    base: Voice,
    treated: Sequence[Treated],
    held: Sequence[Prompt],
    said: Mapping[str, Sequence[Answer]],
) -> Work:
    """{who: {reference: one KL per prompt}}, on what base and tuned said."""
    references = {BASE: base, TUNED: voice}
    apart: dict[str, dict[str, list[Value]]] = {one.name: {BASE: [], TUNED: []} for one in treated}
    for place, prompt in enumerate(held):
        texts = [said[name][place].said for name in references]
        found = yield from distances(references, [one.subject for one in treated], prompt, texts)
        for name, row in found.items():
            for reference, value in row.items():
                apart[name][reference].append(value)
        yield Progress(place + 1, len(held), "distances measured")
    return apart
