"""Persona drift: where a long conversation lies on an axis, turn by turn, without a cap, under one, and under the same
one on a random direction.

What was said is read by the unsteered model, so the numbers are about the words and not about the cap.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from core.bands import parse_layers
from core.errors import UsageError
from core.jobs import Progress, unit
from core.levels import band, bounds
from core.mixer import Channel, Mixer
from sessions.experiments.answers import answers, key_of, seeded
from sessions.experiments.conditions import CONTROL_SEED, Condition
from sessions.experiments.cost import Cost
from sessions.experiments.measures import Measure, measure
from sessions.experiments.scripts import Script, scripts
from sessions.experiments.turns import CAPPED, RANDOM, UNCAPPED, Turn, Turns
from sessions.experiments.voice import How, Prompt, Voice, Work


def experiment(voice: Voice, params: Mapping[str, Any]) -> Work:
    vector = voice.vector(params["vector"])
    cap = _cap(voice, vector, params)
    played = scripts(params, voice.name)
    how = How(params["max_new"], params["temperature"], params["seed"])
    turns = sum(len(script.turns) for script in played)
    yield Cost.of(3 * turns, 1, how.max_new).row()
    random = Channel(voice.random(vector, CONTROL_SEED * how.seed + 1), layers=cap.layers, floor=cap.floor)
    cast = [
        Condition(UNCAPPED, Mixer()),
        Condition(CAPPED, Mixer((cap,))),
        Condition(RANDOM, Mixer((random,))),
    ]
    told: dict[str, list[list[Turn]]] = {condition.name: [] for condition in cast}
    for number, script in enumerate(played):
        for condition in cast:
            told[condition.name].append(
                (yield from _conversation(voice, script, condition, seeded(how, number), vector))
            )
        yield Progress(number + 1, len(played), "conversations")
    table = Turns(told, band(cap, voice.n_layers), voice.residual, _watched(params, voice), how.seed)
    yield from table.events()
    summary = {"vector": vector.name, "layers": list(table.layers), "floor": params["floor"]}
    control = {"what": "the same floor on a random direction", **table.drift(RANDOM)}
    return {"summary": summary | table.summary(), "control": control, "n": len(played)}


def _cap(voice: Voice, vector: Any, params: Mapping[str, Any]) -> Channel:
    """A floor on the vector, at the percentile or number that was asked for."""
    layers = parse_layers(params["layers"], voice.n_layers) if params["layers"] else None
    channel = Channel(vector, layers=layers, floor=_bound(params["floor"]))
    for layer in band(channel, voice.n_layers):
        bounds(channel, layer)
    return channel


def _bound(text: str) -> float | str:
    if text.startswith("p"):
        return text
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"floor is a number or a percentile such as p25, not {text!r}") from None


def _watched(params: Mapping[str, Any], voice: Voice) -> Measure | None:
    return measure(params["measure"], voice.name) if params["measure"] else None


def _conversation(voice: Voice, script: Script, condition: Condition, how: How, vector: Any) -> Work:
    """One condition's own history: every answer is part of what the next one answers."""
    messages: list[dict[str, str]] = [{"role": "system", "content": script.system}] if script.system else []
    told: list[Turn] = []
    for turn, words in enumerate(script.turns):
        messages.append({"role": "user", "content": words})
        prompt = Prompt(f"{script.id}, turn {turn + 1}", tuple(messages))
        begins = yield from unit(
            key_of("begins", voice, prompt, vector), partial(_begins, voice, prompt, vector)
        )
        found = yield from answers(voice, prompt, [condition], seeded(how, turn), vector=vector)
        yield found[0].sample()
        messages = [*messages, {"role": "assistant", "content": found[0].text}]
        told.append(Turn(found[0], {int(layer): value for layer, value in begins.items()}))
    return told


def _begins(voice: Voice, prompt: Prompt, vector: Any) -> Work:
    """Projections by layer at the last token of what the answer is to."""
    heard = yield from voice.hear(prompt, vector)
    return {str(layer): row[-1] for layer, row in heard.projections.items()}
