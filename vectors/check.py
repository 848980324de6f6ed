"""The sixty-second check: is this vector any good on this model, on which layers and at which doses?

A job: it yields progress, rows, points and samples while it runs, and returns the report. The dose–response against
random vectors of the same size decides; everything else can only lower the verdict.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from core import demo
from core.bands import parse_layers
from core.chat import as_messages, render
from core.demo import wording
from core.demo.world.contrasts import CONTRASTS
from core.demo.world.prompts import requests
from core.jobs import Event, Job, Point, Row, Sample
from core.levels import band as band_of
from core.mixer import Channel
from vectors import dosing, fit, measured, response, separating, shape
from vectors.card import consistency
from vectors.dosing import Ids, Instrument
from vectors.response import Propensities, Texts
from vectors.separating import Apart
from vectors.vector import SteeringVector, read
from vectors.verdict import Effect, Findings, judge

if TYPE_CHECKING:
    from core.model import Model

PAIRS = 8
HELD_OUT = 20
SEED = 8  # of the demo prompts and pairs: the same ones every time
GOOD_SHARE = 0.7  # of the best layer's d: what may join the suggested band
PROMPTS = (
    "What should I do this weekend?",
    "Describe a walk through a small town.",
    "Help me plan my next project.",
    "Tell me about someone who had a difficult day.",
    "What do you think about working late?",
    "Write the opening of a story about a letter.",
    "How do I get better at something I find hard?",
    "Give me your honest opinion of routines.",
)


@dataclass(frozen=True)
class Evidence:
    """Everything a check measured, before anybody judges it."""

    vector: SteeringVector
    doubts: tuple[str, ...]
    apart: Mapping[int, Apart]
    tool: Instrument
    texts: Texts
    pairs: Propensities | None
    window: tuple[float, float]
    seed: int

    @property
    def effects(self) -> tuple[Effect, ...]:
        echo = response.echo(self.texts, self.seed)
        return (echo,) if self.pairs is None else (self.pairs.effect(self.seed), echo)

    def findings(self) -> Findings:
        band = [self.apart[layer] for layer in self.tool.band if layer in self.apart]
        best = max(band, key=lambda found: found.separation.d, default=None)
        neighbours = consistency(self.vector.stored.units)
        return Findings(
            effects=self.effects,
            window=self.window,
            doubts=self.doubts,
            neighbours=neighbours.mean,
            random_band=neighbours.band,
            split_half=best.split_half if best else None,
            accuracy_ci=best.separation.accuracy_ci if best else None,
            gap=best.gap if best else None,
        )


def check(
    model: Model,
    vector: SteeringVector,
    *,
    pairs: Iterable[Any] | None = None,
    prompts: Sequence[Any] | None = None,
    layers: Sequence[int] | None = None,
    max_new: int = 24,
    seed: int = 0,
) -> Job:
    """The job. `pairs` is a contrast set; `prompts` are texts, messages or ids; `layers` the band to dose."""
    known = shape.of_model(model)
    fit.refuse_misfit(vector.stored, known)
    doubts = fit.doubts(vector.stored, known)
    labelled = [] if pairs is None else separating.token_pairs(model, pairs)
    apart: dict[int, Apart] = {}
    if labelled:
        apart = yield from separating.apart(model, vector, labelled, seed)
        yield from (Row("layers", str(layer), found.separation.to_json()) for layer, found in apart.items())
    vector = with_stats(vector, apart)
    band = tuple(layers) if layers is not None else chosen_band(model, vector, apart)
    tools = [tool := dosing.instrument(vector, band), *response.controls(tool, seed)]
    asked = [_ids(model, prompt) for prompt in prompts or _prompts(model)]
    texts = yield from response.speak(model, tools, asked, max_new)
    few = labelled[:PAIRS]
    tendency = (yield from response.propensities(model, tools, few)) if few else None
    window = yield from response.window(model, tool, asked, texts, max_new)
    evidence = Evidence(vector, doubts, apart, tool, texts, tendency, window, seed)
    summary = printable(report(model, evidence))
    yield from _drawn(model, evidence, summary)
    about = replace(vector.about, act_norms=model.residual_norms, suggestion=summary["suggestion"])
    summary["kept"] = str(measured.keep(vector.sha256, model.fingerprint, about, summary))
    return summary


def job(model: Model, params: Mapping[str, Any]) -> Job:
    """The same by names: what an engine or a command line asks for."""
    vector = read(params["vector"], model=model, force=True, measured=False)
    contrast = params.get("contrast")
    pairs = (
        stored_pairs(model, vector) if contrast is None else import_module("vectors").contrast(contrast).pairs
    )
    band = params.get("layers")
    layers = parse_layers(band, model.n_layers) if isinstance(band, str) else band
    named = {key: params[key] for key in ("prompts", "max_new", "seed") if params.get(key) is not None}
    return check(model, vector, pairs=pairs, layers=layers, **named)


def stored_pairs(model: Model, vector: SteeringVector) -> Sequence[Any] | None:
    """Held-out pairs of the contrast set a demo vector was made from; other files do not carry their pairs."""
    if model.name not in demo.NAMES or vector.about.contrast not in CONTRASTS:
        return None
    pairs = CONTRASTS[vector.about.contrast].make(2 * HELD_OUT, SEED, True)
    random.Random(SEED).shuffle(pairs)
    return list(zip(*wording.halves(model, pairs), strict=True))


def with_stats(vector: SteeringVector, apart: Mapping[int, Apart]) -> SteeringVector:
    """The vector with what was just measured in place of what its file said."""
    if not apart:
        return vector
    return vector.with_about(
        replace(vector.about, stats={layer: found.stats for layer, found in apart.items()})
    )


def chosen_band(model: Model, vector: SteeringVector, apart: Mapping[int, Apart]) -> tuple[int, ...]:
    """Where the vector's card wants it, else around the layer that separates best, else the house's default."""
    if vector.suggestion is None and (best := best_band(apart, model.n_layers)):
        return best
    return band_of(Channel(vector), model.n_layers)


def best_band(apart: Mapping[int, Apart], n_layers: int) -> tuple[int, ...]:
    """The best layer and its neighbours with at least 70 % of its held-out d, at most half of all.

    The last block is left out: what is added behind it acts on one token and is the first to break the text.
    """
    d = {layer: found.separation.d for layer, found in apart.items() if layer < n_layers - 1}
    if not d:
        return ()
    best = max(d, key=lambda layer: d[layer])
    chosen = [best]
    for step in (-1, 1):
        layer = best + step
        while d.get(layer, -1.0) >= GOOD_SHARE * d[best] and len(chosen) < max(1, len(d) // 2):
            chosen.append(layer)
            layer += step
    return tuple(sorted(chosen))


def report(model: Model, evidence: Evidence) -> dict[str, Any]:
    """The summary: the verdict with its reasons, and every number behind it."""
    found = evidence.findings()
    verdict = judge(found)
    doses = response.curve(evidence.texts, [0])
    for point in doses:
        point["scale"] = point["dose"] * evidence.tool.worth
        if evidence.pairs is not None:
            values = evidence.pairs.by_dose[point["dose"]]
            point["propensity"] = sum(values) / len(values)
    return {
        "verdict": verdict.colour,
        "reasons": list(verdict.reasons),
        "model": model.name,
        "vector": evidence.vector.name,
        "sha256": evidence.vector.sha256,
        "site": evidence.vector.card.site,
        "layers": {str(layer): _layer(model, evidence, layer) for layer in evidence.vector.layers},
        "consistency": evidence.vector.card.consistency.to_json(),
        "unit": evidence.tool.unit,
        "dose": evidence.tool.worth,
        "band": list(evidence.tool.band),
        "doses": doses,
        "window": list(evidence.window),
        "effects": [_effect(effect) for effect in found.effects],
        "control": {
            "n": response.CONTROLS,
            "doses": response.curve(evidence.texts, range(1, response.CONTROLS + 1)),
        },
        "suggestion": suggestion(evidence.tool, evidence.window),
        "n": len(evidence.texts[0, 0.0]),
        "seed": evidence.seed,
    }


def suggestion(tool: Instrument, window: tuple[float, float]) -> dict[str, Any]:
    """Half of what the text survives in the positive direction: a push that shows, with room on both sides."""
    scale = max(window[1], 0.5) / 2 * tool.worth
    return {"layers": list(tool.band), "unit": tool.unit, "scale": scale, "split": True}


def printable(tree: Any) -> Any:
    """JSON has no infinities: a d without any spread is told as null."""
    if isinstance(tree, float):
        return tree if math.isfinite(tree) else None
    if isinstance(tree, Mapping):
        return {key: printable(value) for key, value in tree.items()}
    return [printable(value) for value in tree] if isinstance(tree, list | tuple) else tree


def _layer(model: Model, evidence: Evidence, layer: int) -> dict[str, Any]:
    norm = evidence.vector.norms[layer]
    facts: dict[str, Any] = {"norm": norm, "relative_norm": norm / model.residual_norms[layer]}
    if found := evidence.apart.get(layer):
        facts |= {**found.separation.to_json(), "gap": found.gap, "split_half": found.split_half}
    return facts


def _effect(effect: Effect) -> dict[str, Any]:
    facts = {"measure": effect.measure, "slope": effect.slope, "interval": list(effect.interval)}
    return facts | {"random": effect.noise, "controls": list(effect.controls), "moves": effect.moves}


def _drawn(model: Model, evidence: Evidence, summary: Mapping[str, Any]) -> Iterable[Event]:
    for series in ("echo", "propensity", "nll", "kl"):
        yield from (Point(series, row["dose"], row[series]) for row in summary["doses"] if series in row)
    if model.tokenizer is not None:
        for dose, spoken in response.samples(evidence.texts, prompts=2):
            text = model.tokenizer.decode(list(spoken.tokens), skip_special_tokens=True)
            yield Sample(f"{dose:+g}", f"prompt {spoken.prompt}", text)


def _prompts(model: Model) -> Sequence[Any]:
    """The demo models know nothing but their own world."""
    if model.name in demo.NAMES:
        return [text for _, text in requests(len(PROMPTS), seed=SEED)]
    return PROMPTS


def _ids(model: Model, prompt: Any) -> Ids:
    if not isinstance(prompt, str) and prompt and isinstance(prompt[0], int):
        return list(prompt)
    return render(model.tokenizer, as_messages(prompt)).ids
