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
from core.mixer.mixer import Channel
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import GenerationSettings, LaneEdit, ModelSampler
from sessions.experiments.distraction import dialogues
from sessions.experiments.distraction.dialogues import DialogueTask
from sessions.experiments.distraction.interrupted import InterruptedAnswer, measure_interruption
from sessions.experiments.distraction.meaning import add_semantic_scores
from sessions.experiments.distraction.resistance import ResistanceTable
from sessions.experiments.judges.verdict import JudgedItem
from sessions.experiments.scoring import conditions, judging
from sessions.experiments.scoring.answers import generate_answers, with_prompt_seed
from sessions.experiments.scoring.chance import random_conditions
from sessions.experiments.scoring.conditions import MINUS, PLUS, UNSTEERED, Condition

TESTED = ((PLUS, UNSTEERED), (MINUS, UNSTEERED), (PLUS, MINUS))


def experiment(voice: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    played = conditions.vector_channel(voice, params)
    asked = dialogues.load_tasks(params, voice.name)
    at, window = params["at"], params["window"]
    how = GenerationSettings.from_params(params, at + window)
    cast = conditions.standard_conditions(voice, played, how.seed, params["controls"])
    judge = judging.choose_judge(voice, params)
    spoken = RunCost.of_batches(len(asked), len(cast), how.max_new, rereads=4)
    yield (spoken + judging.judging_cost(judge, len(asked) * len(cast), window)).row()
    yield from judging.announce_judge(judge)
    table = yield from _interrupt_tasks(voice, played, asked, cast, how, params)
    scales = _residual_norms(voice, played.layers or played.vector.layers)
    rows = ResistanceTable(table, at, window, how.seed, scales, params["published"])
    yield from rows.events((*TESTED, *((name, UNSTEERED) for name in random_conditions(table))))
    found = yield from judging.judge_conditions(judge, _judged_items(asked, table), UNSTEERED, how.seed)
    facts = {"vector": played.label, "at": at, "within": window, "role": params["role"]}
    summary = rows.summary() | facts | {"by": "tokens from the interruption", **found}
    return {"summary": summary, "control": rows.control(), "n": len(asked)}


def _interrupt_tasks(
    voice: ModelSampler,
    played: Channel,
    asked: Sequence[DialogueTask],
    cast: Sequence[Condition],
    how: GenerationSettings,
    params: Mapping[str, Any],
) -> Steps[dict[str, list[InterruptedAnswer]]]:
    """{condition: one interrupted answer per task}."""
    table: dict[str, list[InterruptedAnswer]] = {condition.name: [] for condition in cast}
    at, role = params["at"], params["role"]
    for number, task in enumerate(asked):
        yield Progress(number, len(asked), "tasks interrupted")
        # One edit for all lanes, so that every condition is interrupted at the same token.
        cues, lanes = [LaneEdit(at, task.distractor, role)], with_prompt_seed(how, number)
        said = yield from generate_answers(voice, task.prompt, cast, lanes, cues=cues, vector=played.vector)
        for answer, condition in zip(said, cast, strict=True):
            found = yield from measure_interruption(voice, task, answer, condition.mixer, at)
            table[answer.condition].append(found)
            yield found.sample()
    yield Progress(len(asked), len(asked), "tasks interrupted")
    # Needs all answers: the common part is a mean over the whole run.
    return (yield from add_semantic_scores(voice, asked, table))


def _residual_norms(voice: ModelSampler, layers: Sequence[int]) -> Mapping[int, float]:
    return {layer: voice.residual[layer] for layer in layers}


def _judged_items(
    asked: Sequence[DialogueTask], table: Mapping[str, Sequence[InterruptedAnswer]]
) -> dict[str, list[JudgedItem]]:
    return {
        name: [JudgedItem(task.prompt, one.after) for task, one in zip(asked, found, strict=True)]
        for name, found in table.items()
    }
