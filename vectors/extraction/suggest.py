"""A band and a dose to begin with: bands that hold-out d proposes are tried on the model, and the doses that
its text survives bound the scale.

A high d alone does not steer: on a model that mentions a trait in every third sentence, d is 3 and steering
does almost nothing. So the bands compete in what a dose changes, beside random vectors of the same size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core import demo
from core.demo.world.prompts import requests
from core.generation.chat import as_messages, render
from core.mixer.effects import band as band_of
from core.mixer.mixer import Channel
from vectors.checks import dose_response, doses
from vectors.checks.check import PROMPTS, SEED, best_band
from vectors.checks.doses import Ids, Instrument
from vectors.checks.report import suggestion
from vectors.checks.separation import Apart
from vectors.checks.verdict import Effect
from vectors.extraction.states import Work
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

PAIRS, ASKED, NEW_TOKENS = 6, 4, 24
CONTROLS = 3


def suggest(
    model: Model,
    vector: SteeringVector,
    apart: Mapping[int, Apart],
    pairs: Sequence[tuple[Ids, Ids]],
    seed: int,
) -> Work:
    """(suggestion, what it rests on). `pairs` are held out; without any, d alone chooses the band."""
    tools = [doses.instrument(vector, band) for band in bands(model, vector, apart)]
    effects = []
    for tool in tools if pairs else ():
        effects.append((yield from _effect(model, tool, pairs, seed)))
    best = max(range(len(effects)), key=lambda i: effects[i].slope, default=0)
    tool = tools[best]
    asked = _questions(model)
    texts = yield from dose_response.speak(model, [tool], asked, NEW_TOKENS)
    window = yield from dose_response.window(model, tool, asked, texts, NEW_TOKENS)
    facts = {
        "bands": [_told(tool, effect) for tool, effect in zip(tools, effects, strict=False)],
        "window": list(window),
        "steers": effects[best].moves if effects else None,
    }
    return suggestion(tool, window), facts


def bands(model: Model, vector: SteeringVector, apart: Mapping[int, Apart]) -> list[tuple[int, ...]]:
    """Around the layer that separates best, and the house's default, as far as the vector reaches."""
    proposed = [best_band(apart, model.n_layers), band_of(Channel(vector), model.n_layers)]
    inside = [tuple(layer for layer in band if layer in vector.norms) for band in proposed]
    return list(dict.fromkeys(band for band in inside if band)) or [vector.layers]


def _effect(model: Model, tool: Instrument, pairs: Sequence[tuple[Ids, Ids]], seed: int) -> Work:
    """What one dose does to the tendency towards the positive texts of a few pairs."""
    controls = [tool.control(1000 * seed + number) for number in range(1, CONTROLS + 1)]
    found = yield from dose_response.propensities(model, [tool, *controls], pairs[:PAIRS])
    return Effect("propensity", 0.0, (0.0, 0.0), ()) if found is None else found.effect(seed)


def _told(tool: Instrument, effect: Effect) -> dict[str, Any]:
    facts = {"layers": list(tool.band), "slope": effect.slope, "interval": list(effect.interval)}
    return facts | {"random": effect.noise, "moves": effect.moves}


def _questions(model: Model) -> list[Ids]:
    """The demo models know nothing but their own world."""
    if model.tokenizer is None:
        return [[(1009 * i + 7 * line) % 97 for i in range(8)] for line in range(ASKED)]
    if model.name in demo.NAMES:
        texts: Sequence[str] = [text for _, text in requests(ASKED, seed=SEED)]
    else:
        texts = PROMPTS[:ASKED]
    return [render(model.tokenizer, as_messages(text)).ids for text in texts]
