"""The distraction stress test: an interruption is inserted in the middle of a task. Does the text return
to the task?

Every task is interrupted at the same token under every condition: unsteered, the vector with both
signs, random directions. Differences between conditions count; the level depends on the pack's word
lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.jobs.job import Progress, Steps
from core.mixer.effects import named_layers
from core.mixer.mixer import Channel
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import GenerationSettings, LaneEdit, ModelSampler
from sessions.experiments.distraction import dialogues
from sessions.experiments.distraction.dialogues import DialogueTask
from sessions.experiments.distraction.interrupted import InterruptedAnswer, measure_interruption
from sessions.experiments.distraction.meaning import add_semantic_scores, choose_meaning, meaning_cost
from sessions.experiments.distraction.resistance import ResistanceTable
from sessions.experiments.judges.verdict import JudgedItem
from sessions.experiments.scoring import conditions, judging
from sessions.experiments.scoring.answers import generate_answers, with_prompt_seed
from sessions.experiments.scoring.chance import random_conditions
from sessions.experiments.scoring.conditions import MINUS, PLUS, UNSTEERED, Condition

TESTED = ((PLUS, UNSTEERED), (MINUS, UNSTEERED), (PLUS, MINUS))


def experiment(sampler: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    channel = conditions.vector_channel(sampler, params)
    tasks = dialogues.load_tasks(params, sampler.name)
    at, window = params["at"], params["window"]
    settings = GenerationSettings.from_params(params, at + window)
    all_conditions = conditions.standard_conditions(sampler, channel, settings.seed, params["controls"])
    judge = judging.choose_judge(sampler, params)
    cost = RunCost.of_batches(len(tasks), len(all_conditions), settings.max_new_tokens, rereads=3)
    cost += meaning_cost(params["embeddings"], tasks, len(all_conditions))
    yield (cost + judging.judging_cost(judge, len(tasks) * len(all_conditions), window)).row()
    yield from judging.announce_judge(judge)
    meaning = yield from choose_meaning(sampler, params["embeddings"], tasks)
    table = yield from _interrupt_tasks(sampler, channel, tasks, all_conditions, settings, params)
    meaning, scored = yield from add_semantic_scores(meaning, tasks, table)
    scales = _residual_norms(sampler, named_layers(channel, sampler.n_layers) or channel.vector.layers)
    has_meaning = meaning.embedding is not None
    rows = ResistanceTable(scored, at, window, settings.seed, scales, params["published"], has_meaning)
    yield from rows.events((*TESTED, *((name, UNSTEERED) for name in random_conditions(scored))))
    found = yield from judging.judge_conditions(judge, _judged_items(tasks, scored), UNSTEERED, settings.seed)
    facts = {"vector": channel.label, "at": at, "within": window, "role": params["role"]}
    summary = rows.summary() | facts | {"by": "tokens from the interruption", **found}
    summary["semantic"] = meaning.facts()
    return {"summary": summary, "control": rows.control(), "n": len(tasks), "warnings": [meaning.note]}


def _interrupt_tasks(
    sampler: ModelSampler,
    channel: Channel,
    tasks: Sequence[DialogueTask],
    all_conditions: Sequence[Condition],
    settings: GenerationSettings,
    params: Mapping[str, Any],
) -> Steps[dict[str, list[InterruptedAnswer]]]:
    """{condition: one interrupted answer per task}."""
    table: dict[str, list[InterruptedAnswer]] = {condition.name: [] for condition in all_conditions}
    at, role = params["at"], params["role"]
    for number, task in enumerate(tasks):
        yield Progress(number, len(tasks), "tasks interrupted")
        # One edit for all lanes, so that every condition is interrupted at the same token.
        cues, prompt_settings = [LaneEdit(at, task.distractor, role)], with_prompt_seed(settings, number)
        answers = yield from generate_answers(
            sampler, task.prompt, all_conditions, prompt_settings, cues=cues, vector=channel.vector
        )
        for answer, condition in zip(answers, all_conditions, strict=True):
            found = yield from measure_interruption(sampler, task, answer, condition.mixer, at)
            table[answer.condition].append(found)
            yield found.sample()
    yield Progress(len(tasks), len(tasks), "tasks interrupted")
    return table


def _residual_norms(sampler: ModelSampler, layers: Sequence[int]) -> Mapping[int, float]:
    return {layer: sampler.residual[layer] for layer in layers}


def _judged_items(
    tasks: Sequence[DialogueTask], table: Mapping[str, Sequence[InterruptedAnswer]]
) -> dict[str, list[JudgedItem]]:
    return {
        name: [JudgedItem(task.prompt, one.after) for task, one in zip(tasks, found, strict=True)]
        for name, found in table.items()
    }
