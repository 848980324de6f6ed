"""Dose–response: more and more of a vector in both directions until the text breaks, beside a random one.

Grid first, then the edges by doubling and bisection. The window is what lies between the edges; the sweet spot is the
dose with most of the measure among those whose texts are still whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.jobs import Progress
from core.mixer import Mixer
from sessions.experiments import coherence, conditions, edges, layer_sweep, prompts
from sessions.experiments.answers import all_answers, answers, seeded
from sessions.experiments.axis import Axis
from sessions.experiments.conditions import UNSTEERED, Condition
from sessions.experiments.cost import Cost
from sessions.experiments.doses import CONTROL, Doses
from sessions.experiments.scoring import as_share, scorer
from sessions.experiments.voice import How, Prompt, Voice, Work

EDGE_PROMPTS = 8
PAIRS = 16


def experiment(voice: Voice, params: Mapping[str, Any]) -> Work:
    if params["by"] == "layer":
        return (yield from layer_sweep.experiment(voice, params))
    played = conditions.channel(voice, params)
    axis = Axis(params["by"], played, voice.n_layers)
    levels = sorted({*(params["scales"] or axis.levels())} - ({0.0} if axis.kind == "scale" else set()))
    asked = prompts.asked(params, voice.name)
    wanted = scorer(params["measure"], voice, params)
    how = How(params["max_new"], params["temperature"], params["seed"])
    random = voice.random(played.vector, conditions.CONTROL_SEED * how.seed + 1)
    kept = scorer(params["coherence"], voice, params) if params["coherence"] else None
    grid = len(asked) * (1 + 2 * len(levels))
    judged = wanted.cost(grid, how.max_new) + (kept.cost(grid, how.max_new) if kept else Cost())
    yield (_cost(asked, levels, axis, how) + judged).row()
    cast = [
        Condition(UNSTEERED, Mixer()),
        *axis.conditions(levels),
        *axis.conditions(levels, random, CONTROL),
    ]
    table = yield from all_answers(voice, asked, cast, how, vector=played.vector)
    pairs = yield from _propensities(voice, params["contrast"], cast)
    scored = yield from wanted.over(table)
    coherent = as_share((yield from kept.over(table)), kept) if kept else None
    rows = Doses(table, scored, coherent, levels, pairs, how.seed)
    yield from rows.events()
    found = {}
    for sign in axis.sides:
        found[sign] = yield from _edge(voice, axis, sign, rows, asked, how)
        yield Progress(len(found), len(axis.sides), "edges found")
    summary = rows.summary(found, params["at_least"], params["goal"]) | {
        "by": axis.kind,
        "unit": axis.unit,
        "layers": list(axis.layers),
        "vector": played.label,
        "missing": wanted.missing(table, scored) + (kept.missing(table, coherent) if kept else 0),
    }
    control = {"what": "a random direction of the same norms and gaps", **rows.trend(CONTROL)}
    return {"summary": summary, "control": control, "n": len(asked)}


def _cost(asked: Sequence[Prompt], levels: Sequence[float], axis: Axis, how: How) -> Cost:
    grid = Cost.of(len(asked), 1 + 2 * len(levels), how.max_new)
    probes = len(axis.sides) * min(EDGE_PROMPTS, len(asked))
    doubled = Cost.of(probes, edges.DOUBLINGS, how.max_new)
    return grid + doubled + Cost.of(probes * edges.ROUNDS, len(edges.INSIDE), how.max_new)


def _propensities(voice: Voice, contrast: str | None, cast: Sequence[Condition]) -> Work:
    """{condition: one number per pair}; nothing without a contrast set."""
    if not contrast:
        return {}
    found = yield from voice.tendencies(contrast, PAIRS, [condition.mixer for condition in cast])
    return dict(zip(conditions.names(cast), found, strict=True))


def _edge(voice: Voice, axis: Axis, sign: float, rows: Doses, asked: Sequence[Prompt], how: How) -> Work:
    few = list(enumerate(asked))[:EDGE_PROMPTS]

    def probe(levels: Sequence[float]) -> Work:
        cast = axis.conditions(levels)
        hurt = [0.0] * len(levels)
        for number, prompt in few:
            said = yield from answers(voice, prompt, cast, seeded(how, number), vector=axis.channel.vector)
            for place, answer in enumerate(said):
                hurt[place] += coherence.broken(answer, rows.table[UNSTEERED][number])
        return [count / len(few) for count in hurt]

    return (yield from edges.search(probe, edges.known(rows.broken(), sign)))
