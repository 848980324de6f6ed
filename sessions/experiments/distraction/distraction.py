"""The distraction stress test: in the middle of a task something else is thrown in. Does the text come back?

Every task is interrupted at the same token under every condition: unsteered, the vector both ways, a random one of its
size. What counts is the difference between conditions; the level depends on the word lists of the pack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.jobs.job import Progress
from core.mixer.mixer import Channel
from sessions.experiments.common.cost import Cost
from sessions.experiments.common.sampler import Cue, How, Voice, Work
from sessions.experiments.distraction import dialogues
from sessions.experiments.distraction.dialogues import Task
from sessions.experiments.distraction.interrupted import Interrupted, interrupted
from sessions.experiments.distraction.meaning import understood
from sessions.experiments.distraction.resistance import Resistance
from sessions.experiments.judges.verdict import Item
from sessions.experiments.scoring import conditions, judging
from sessions.experiments.scoring.answers import answers, seeded
from sessions.experiments.scoring.chance import among
from sessions.experiments.scoring.conditions import MINUS, PLUS, UNSTEERED, Condition

TESTED = ((PLUS, UNSTEERED), (MINUS, UNSTEERED), (PLUS, MINUS))


def experiment(voice: Voice, params: Mapping[str, Any]) -> Work:
    played = conditions.channel(voice, params)
    asked = dialogues.asked(params, voice.name)
    at, window = params["at"], params["window"]
    how = How.of(params, at + window)
    cast = conditions.paired(voice, played, how.seed, params["controls"])
    judge = judging.chosen(voice, params)
    spoken = Cost.of(len(asked), len(cast), how.max_new, rereads=4)
    yield (spoken + judging.cost(judge, len(asked) * len(cast), window)).row()
    yield from judging.announced(judge)
    table = yield from _table(voice, played, asked, cast, how, params)
    scales = _scales(voice, played.layers or played.vector.layers)
    rows = Resistance(table, at, window, how.seed, scales, params["published"])
    yield from rows.events((*TESTED, *((name, UNSTEERED) for name in among(table))))
    found = yield from judging.judged(judge, _items(asked, table), UNSTEERED, how.seed)
    facts = {"vector": played.label, "at": at, "within": window, "role": params["role"]}
    summary = rows.summary() | facts | {"by": "tokens from the interruption", **found}
    return {"summary": summary, "control": rows.control(), "n": len(asked)}


def _table(
    voice: Voice,
    played: Channel,
    asked: Sequence[Task],
    cast: Sequence[Condition],
    how: How,
    params: Mapping[str, Any],
) -> Work:
    """{condition: one interrupted answer per task}."""
    table: dict[str, list[Interrupted]] = {condition.name: [] for condition in cast}
    at, role = params["at"], params["role"]
    for number, task in enumerate(asked):
        yield Progress(number, len(asked), "tasks interrupted")
        cues, lanes = [Cue(at, task.distractor, role)], seeded(how, number)
        said = yield from answers(voice, task.prompt, cast, lanes, cues=cues, vector=played.vector)
        for answer, condition in zip(said, cast, strict=True):
            found = yield from interrupted(voice, task, answer, condition.mixer, at)
            table[answer.condition].append(found)
            yield found.sample()
    yield Progress(len(asked), len(asked), "tasks interrupted")
    return (yield from understood(voice, asked, table))


def _scales(voice: Voice, layers: Sequence[int]) -> Mapping[int, float]:
    return {layer: voice.residual[layer] for layer in layers}


def _items(asked: Sequence[Task], table: Mapping[str, Sequence[Interrupted]]) -> dict[str, list[Item]]:
    return {
        name: [Item(task.prompt, one.after) for task, one in zip(asked, found, strict=True)]
        for name, found in table.items()
    }
