"""Suggests layers and a dose: candidate bands are tried on the model, and the doses at which its text stays
intact bound the scale.

A high d alone does not steer: on a model that mentions a trait in every third sentence, d is 3 and
steering does almost nothing. So the bands are compared by the effect of a dose, relative to random vectors
of the same size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.generation.token_ids import prompt_ids
from core.jobs.job import Steps
from core.json_values import JsonValue
from core.mixer.effects import channel_band as band_of
from core.mixer.mixer import Channel
from vectors.checks import dose_response, doses
from vectors.checks.check import best_band, default_prompts
from vectors.checks.doses import DosedVector, Ids, suggest_dose
from vectors.checks.separation import LayerSeparation
from vectors.checks.verdict import Effect
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

PAIRS, ASKED, NEW_TOKENS = 6, 4, 24
CONTROLS = 3


def suggest_band_and_dose(
    model: Model,
    vector: SteeringVector,
    apart: Mapping[int, LayerSeparation],
    pairs: Sequence[tuple[Ids, Ids]],
    seed: int,
) -> Steps[tuple[dict[str, JsonValue], dict[str, JsonValue]]]:
    """(suggestion, its evidence). `pairs` are held out; without any, the band is chosen by d alone."""
    tools = [doses.prepare_doses(vector, band) for band in candidate_bands(model, vector, apart)]
    effects = []
    for tool in tools if pairs else ():
        effects.append((yield from _measure_effect(model, tool, pairs, seed)))
    # Without pairs no band was tried: the first one is taken, which d alone proposes.
    best = max(range(len(effects)), key=lambda i: effects[i].slope, default=0)
    tool = tools[best]
    asked = _suggestion_prompts(model)
    # Without controls: the window depends on the vector's own texts only.
    texts = yield from dose_response.generate_dosed_texts(model, [tool], asked, NEW_TOKENS)
    window = yield from dose_response.find_dose_window(model, tool, asked, texts, NEW_TOKENS)
    facts: dict[str, JsonValue] = {
        "bands": [_effect_facts(tool, effect) for tool, effect in zip(tools, effects, strict=False)],
        "window": list(window),
        "steers": effects[best].moves if effects else None,
    }
    return suggest_dose(tool, window), facts


def candidate_bands(
    model: Model, vector: SteeringVector, apart: Mapping[int, LayerSeparation]
) -> list[tuple[int, ...]]:
    """The band around the layer that separates best, and the default band, limited to the vector's layers."""
    proposed = [best_band(apart, model.n_layers), band_of(Channel(vector), model.n_layers)]
    inside = [tuple(layer for layer in band if layer in vector.norms) for band in proposed]
    # Both proposals may be the same band, which is then tried once.
    return list(dict.fromkeys(band for band in inside if band)) or [vector.layers]


def _measure_effect(
    model: Model, tool: DosedVector, pairs: Sequence[tuple[Ids, Ids]], seed: int
) -> Steps[Effect]:
    """The effect of one dose on the propensity towards the positive texts of a few pairs."""
    controls = [tool.random_control(1000 * seed + number) for number in range(1, CONTROLS + 1)]
    found = yield from dose_response.measure_propensities(model, [tool, *controls], pairs[:PAIRS])
    return Effect("propensity", 0.0, (0.0, 0.0), ()) if found is None else found.effect(seed)


def _effect_facts(tool: DosedVector, effect: Effect) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = {
        "layers": list(tool.band),
        "slope": effect.slope,
        "interval": list(effect.interval),
    }
    return facts | {"random": effect.noise, "moves": effect.moves}


def _suggestion_prompts(model: Model) -> list[Ids]:
    """Prompts as token ids; the demo models get prompts of their own toy world."""
    if model.tokenizer is None:
        # Without a tokenizer: fixed small ids, different in each prompt.
        return [[(1009 * i + 7 * line) % 97 for i in range(8)] for line in range(ASKED)]
    return [prompt_ids(model, text) for text in default_prompts(model, ASKED)]
