"""Persona drift: where a long conversation lies on an axis, turn by turn, without a cap, under one, and under two caps
on a random direction.

What was said is read by the unsteered model, so the numbers are about the words and not about the cap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.jobs.job import Progress
from core.mixer.effects import band
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.axis_drift.capping import begins, floored, matched
from sessions.experiments.axis_drift.scripts import Script, scripts
from sessions.experiments.axis_drift.turns import CAPPED, MATCHED, RANDOM, UNCAPPED, Turn, Turns
from sessions.experiments.common.cost import Cost
from sessions.experiments.common.sampler import How, Prompt, Voice, Work
from sessions.experiments.scoring.answers import answers, seeded
from sessions.experiments.scoring.conditions import CONTROL_SEED, Condition
from sessions.experiments.scoring.measures import Measure, measure


def experiment(voice: Voice, params: Mapping[str, Any]) -> Work:
    vector = voice.vector(params["vector"])
    cap = floored(voice, vector, params)
    played = scripts(params, voice.name)
    how = How.of(params)
    turns = sum(len(script.turns) for script in played)
    yield Cost.of(4 * turns, 1, how.max_new, rereads=3).row()
    random = voice.random(vector, CONTROL_SEED * how.seed + 1)
    firsts = [_prompt(script, [], 0) for script in played]
    like = yield from matched(voice, cap, random, firsts)
    cast = [
        Condition(UNCAPPED, Mixer()),
        Condition(CAPPED, Mixer((cap,))),
        Condition(RANDOM, Mixer((Channel(random, layers=cap.layers, floor=cap.floor),))),
        Condition(MATCHED, Mixer((like,))),
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
    summary = {"vector": vector.name, "by": "turn", "layers": list(table.layers), "floor": params["floor"]}
    control = {name: table.drift(name) for name in (RANDOM, MATCHED)}
    return {"summary": summary | table.summary(), "control": control, "n": len(played)}


def _watched(params: Mapping[str, Any], voice: Voice) -> Measure | None:
    return measure(params["measure"], voice.name) if params["measure"] else None


def _conversation(voice: Voice, script: Script, condition: Condition, how: How, vector: Any) -> Work:
    """One condition's own history: every answer is part of what the next one answers."""
    told: list[Turn] = []
    for turn in range(len(script.turns)):
        prompt = _prompt(script, [one.answer.text for one in told], turn)
        start = yield from begins(voice, prompt, vector)
        found = yield from answers(voice, prompt, [condition], seeded(how, turn), vector=vector)
        yield found[0].sample()
        told.append(Turn(found[0], start))
    return told


def _prompt(script: Script, answered: list[str], turn: int) -> Prompt:
    """Everything said up to a turn of the user's."""
    messages = [{"role": "system", "content": script.system}] if script.system else []
    for words, answer in zip(script.turns[:turn], answered, strict=True):
        messages += [{"role": "user", "content": words}, {"role": "assistant", "content": answer}]
    messages.append({"role": "user", "content": script.turns[turn]})
    return Prompt(f"{script.id}, turn {turn + 1}", tuple(messages))
