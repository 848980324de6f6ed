"""Semantic nearness of an answer to its task and to the distractor, by an embedding of the texts.

S = cos(e(text), e(task)) − cos(e(text), e(distractor)); 0 means equally near. (A published score divides one
cosine by the sum of both, which has no scale if either is negative.) e is the loaded model's own embedding, if that
passes its self-test, or comes from a file; without either S is left out, and the reason is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.files import expand_home
from core.jobs.job import Progress, Steps, task_group
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import ModelSampler
from sessions.experiments.distraction.dialogues import DialogueTask
from sessions.experiments.distraction.interrupted import InterruptedAnswer
from sessions.experiments.judges.verdict import cache_digest
from vectors.embedding.embedding_file import read_embedding_file
from vectors.embedding.fixture import read_fixture
from vectors.embedding.one_word import Rows
from vectors.embedding.text_embedding import TextEmbedding, UnfitEmbedding
from vectors.statistics.metrics import cosine

LEFT_OUT = "semantic is left out"
Table = Mapping[str, Sequence[InterruptedAnswer]]


@dataclass(frozen=True)
class Meaning:
    """What compares the texts of a run, or why nothing does."""

    embedding: TextEmbedding | None
    reason: str = ""

    def facts(self) -> dict[str, Any]:
        """For the summary of the experiment."""
        return dict(self.embedding.facts()) if self.embedding else {"left_out": self.reason}

    @property
    def note(self) -> str:
        """The sentence that stands beside the results."""
        return f"semantic: {self.embedding.warning}" if self.embedding else f"{LEFT_OUT}: {self.reason}"


def choose_meaning(sampler: ModelSampler, file: str | None, tasks: Sequence[DialogueTask]) -> Steps[Meaning]:
    """The embeddings of a file that has all tasks and distractors, or the model's own."""
    if file is not None:
        embedding = read_embedding_file(expand_home(file))
        embedding.require(list(_task_texts(tasks)))
        return Meaning(embedding)
    try:
        return Meaning((yield from sampler.text_embedding()))
    except UnfitEmbedding as problem:
        return Meaning(None, str(problem))


def meaning_cost(file: str | None, tasks: Sequence[DialogueTask], n_conditions: int) -> RunCost:
    """The self-test, and a pass over each task, distractor and answer; the rows of a file cost none."""
    if file is not None:
        return RunCost()
    return RunCost(passes=len(read_fixture().texts) + (2 + n_conditions) * len(tasks))


def semantic_adherence(text: Rows, task: Rows, distractor: Rows) -> float:
    """S of a text."""
    return cosine(text, task) - cosine(text, distractor)


def add_semantic_scores(
    meaning: Meaning, tasks: Sequence[DialogueTask], table: Table
) -> Steps[tuple[Meaning, Table]]:
    """The same table with S set on each answer that has text after the interruption, and what decided."""
    meaning = _require_answers(meaning, table)
    if meaning.embedding is None:
        return meaning, table
    found: dict[str, list[InterruptedAnswer]] = {name: [] for name in table}
    for index, task in enumerate(tasks):
        answered = {name: row[index] for name, row in table.items()}
        texts = (one.after for one in answered.values())
        key = f"meaning {cache_digest(meaning.embedding.identity, *_task_texts([task]), *texts)}"
        values = yield from task_group(key, partial(_score_task, meaning.embedding, task, answered))
        for (name, one), value in zip(answered.items(), values, strict=True):
            found[name].append(replace(one, semantic=value))
        yield Progress(index + 1, len(tasks), "meanings compared")
    return meaning, found


def _require_answers(meaning: Meaning, table: Table) -> Meaning:
    """Without an embedding if a file lacks some of the answers: the rest would be a chosen part of them."""
    if meaning.embedding is None:
        return meaning
    texts = [one.after for row in table.values() for one in row if one.after.strip()]
    lost = meaning.embedding.missing(texts)
    if not lost:
        return meaning
    where = "they are what follows ⟧ in samples.jsonl of --report"
    by = meaning.embedding.facts()["embedded_by"]
    return Meaning(None, f"{by} has no row for {len(lost)} of the {len(texts)} answers of this run; {where}")


def _task_texts(tasks: Sequence[DialogueTask]) -> Iterator[str]:
    return (text for task in tasks for text in (task.prompt.text, task.distractor))


def _score_task(
    embedding: TextEmbedding, task: DialogueTask, answered: Mapping[str, InterruptedAnswer]
) -> Steps[list[float | None]]:
    """S of every answer to one task."""
    # An empty text has no meaning.
    texts = {name: one.after for name, one in answered.items() if one.after.strip()}
    about, away, *rows = yield from embedding.embed([*_task_texts([task]), *texts.values()])
    scores = {name: semantic_adherence(row, about, away) for name, row in zip(texts, rows, strict=True)}
    return [scores.get(name) for name in answered]
