"""Persona drift: the position of a long conversation on an axis, turn by turn, uncapped, under a cap, and
under two control caps on a random direction.

Answers are read by the unsteered model, so the numbers describe the text and not the cap's own push.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.jobs.job import Progress, Steps
from core.mixer.effects import channel_band
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.axis_drift.capping import floored_channel, match_random_floor, start_projections
from sessions.experiments.axis_drift.scripts import ConversationScript, load_conversations
from sessions.experiments.axis_drift.turns import CAPPED, MATCHED, RANDOM, UNCAPPED, DriftTable, DriftTurn
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import GenerationSettings, ModelSampler, SamplePrompt
from sessions.experiments.scoring.answers import generate_answers, with_prompt_seed
from sessions.experiments.scoring.conditions import CONTROL_SEED, Condition
from sessions.experiments.scoring.measures import Measure, measure


def experiment(sampler: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    vector = sampler.vector(params["vector"])
    cap = floored_channel(sampler, vector, params)
    scripts = load_conversations(params, sampler.name)
    settings = GenerationSettings.from_params(params)
    turns = sum(len(script.turns) for script in scripts)
    yield RunCost.of_batches(4 * turns, 1, settings.max_new_tokens, rereads=3).row()
    # The same random direction for both control caps, so that only the floor differs.
    random = sampler.random(vector, CONTROL_SEED * settings.seed + 1)
    firsts = [_prompt_at_turn(script, [], 0) for script in scripts]
    matched = yield from match_random_floor(sampler, cap, random, firsts)
    conditions = [
        Condition(UNCAPPED, Mixer()),
        Condition(CAPPED, Mixer((cap,))),
        Condition(RANDOM, Mixer((Channel(random, layers=cap.layers, floor=cap.floor),))),
        Condition(MATCHED, Mixer((matched,))),
    ]
    turns_by_condition: dict[str, list[list[DriftTurn]]] = {condition.name: [] for condition in conditions}
    for number, script in enumerate(scripts):
        for condition in conditions:
            turns_by_condition[condition.name].append(
                (
                    yield from _run_conversation(
                        sampler, script, condition, with_prompt_seed(settings, number), vector
                    )
                )
            )
        yield Progress(number + 1, len(scripts), "conversations")
    table = DriftTable(
        turns_by_condition,
        channel_band(cap, sampler.n_layers),
        sampler.residual,
        _watched_measure(params, sampler),
        settings.seed,
    )
    yield from table.events()
    summary = {"vector": vector.name, "by": "turn", "layers": list(table.layers), "floor": params["floor"]}
    control = {name: table.drift(name) for name in (RANDOM, MATCHED)}
    return {"summary": summary | table.summary(), "control": control, "n": len(scripts)}


def _watched_measure(params: Mapping[str, Any], sampler: ModelSampler) -> Measure | None:
    return measure(params["measure"], sampler.name) if params["measure"] else None


def _run_conversation(
    sampler: ModelSampler,
    script: ConversationScript,
    condition: Condition,
    settings: GenerationSettings,
    vector: Any,
) -> Steps[list[DriftTurn]]:
    """One conversation under one condition; every answer becomes part of the next prompt."""
    answered: list[DriftTurn] = []
    for turn in range(len(script.turns)):
        prompt = _prompt_at_turn(script, [one.answer.text for one in answered], turn)
        # Read before the answer exists: the state that the answer starts from.
        start = yield from start_projections(sampler, prompt, vector)
        answers = yield from generate_answers(
            sampler, prompt, [condition], with_prompt_seed(settings, turn), vector=vector
        )
        yield answers[0].sample()
        answered.append(DriftTurn(answers[0], start))
    return answered


def _prompt_at_turn(script: ConversationScript, answered: list[str], turn: int) -> SamplePrompt:
    """The conversation up to a user turn, as a prompt."""
    messages = [{"role": "system", "content": script.system}] if script.system else []
    for words, answer in zip(script.turns[:turn], answered, strict=True):
        messages += [{"role": "user", "content": words}, {"role": "assistant", "content": answer}]
    messages.append({"role": "user", "content": script.turns[turn]})
    return SamplePrompt(f"{script.id}, turn {turn + 1}", tuple(messages))
