"""Semantic nearness of an answer to its task and to the distractor, from the loaded model's own hidden
states.

e(text) = mean of the unsteered model's states over its tokens, at two thirds of the depth, minus the
mean over all tasks and distractors of the run. States of any two texts share a large common part;
without removing it all cosines are near 1 (Ethayarajh 2019; Mu & Viswanath 2018).

S = cos(e(text), e(task)) − cos(e(text), e(distractor)); 0 means equally near. (A published score
divides one cosine by the sum of both, which has no scale if either is negative.) A small model
recognises the kind of text better than which task it is; the word lists are more specific.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.jobs.job import Progress, Steps, task_group
from sessions.experiments.common.sampler import ModelSampler
from sessions.experiments.distraction.dialogues import DialogueTask
from sessions.experiments.distraction.interrupted import InterruptedAnswer
from sessions.experiments.judges.verdict import cache_digest
from vectors.statistics.metrics import cosine

States = NDArray[np.float64]


def semantic_adherence(text: States, task: States, distractor: States) -> float:
    """S of a text; all three states without the common part."""
    return cosine(text, task) - cosine(text, distractor)


def add_semantic_scores(
    sampler: ModelSampler, tasks: Sequence[DialogueTask], table: Mapping[str, Sequence[InterruptedAnswer]]
) -> Steps[dict[str, list[InterruptedAnswer]]]:
    """The same table with S set on each answer that has text after the interruption."""
    references = [text for task in tasks for text in (task.prompt.text, task.distractor)]
    # All reference texts are part of the key, because the common part depends on them.
    reference_digest = cache_digest(sampler.identity, *references)
    states = yield from sampler.mean_states(references)
    found: dict[str, list[InterruptedAnswer]] = {name: [] for name in table}
    for index, task in enumerate(tasks):
        answered = {name: row[index] for name, row in table.items()}
        key = f"meaning {cache_digest(reference_digest, *task.words, *(one.after for one in answered.values()))}"
        values = yield from task_group(key, partial(_score_task, sampler, answered, states, index))
        for (name, one), value in zip(answered.items(), values, strict=True):
            found[name].append(replace(one, semantic=value))
        yield Progress(index + 1, len(tasks), "meanings compared")
    return found


def _score_task(
    sampler: ModelSampler, answered: Mapping[str, InterruptedAnswer], references: States, index: int
) -> Steps[list[float | None]]:
    """S of every answer to one task."""
    # An empty text has no tokens to average over.
    texts = {name: one.after for name, one in answered.items() if one.after.strip()}
    states: Any = (yield from sampler.mean_states(list(texts.values()))) if texts else []
    common = references.mean(axis=0)
    # Tasks and distractors alternate in `references`.
    task, distractor = references[2 * index : 2 * index + 2] - common
    scores = {
        name: semantic_adherence(row - common, task, distractor)
        for name, row in zip(texts, states, strict=True)
    }
    return [scores.get(name) for name in answered]
