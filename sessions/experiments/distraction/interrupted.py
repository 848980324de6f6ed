"""One interrupted answer, and the measurements from the interruption on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from core.jobs.job import JobSample, Steps, task_group
from core.mixer.mixer import Mixer
from sessions.experiments.common.counting import word_adherence
from sessions.experiments.common.sampler import ModelSampler
from sessions.experiments.distraction.dialogues import DialogueTask
from sessions.experiments.distraction.outcomes import (
    RETURNS,
    classify_outcome,
    step_share,
    tokens_on_task,
    tokens_to_return,
)
from sessions.experiments.judges.verdict import cache_digest
from sessions.experiments.scoring.answers import SampledAnswer


@dataclass(frozen=True)
class TaskOdds:
    """From the model's probabilities, nothing sampled. `motivation` at the first token after the
    interruption: P(a task word begins) − P(a distractor word begins); `entropy` is the mean over all
    tokens after it, in nats; `persistence` is the number of tokens for which task words stay likelier.
    """

    motivation: float | None = None
    entropy: float | None = None
    persistence: float | None = None


@dataclass(frozen=True)
class InterruptedAnswer:
    """Only the answer if it ended before the interruption. `semantic` is added after all answers are
    generated (`sessions.experiments.distraction.meaning`).
    """

    task: DialogueTask
    answer: SampledAnswer
    at: int
    odds: TaskOdds
    semantic: float | None = None

    @property
    def was_interrupted(self) -> bool:
        """Whether the interruption was inserted and text followed it."""
        return bool(self.answer.generated.inserted) and len(self.answer.generated.ids) > self.at

    @property
    def after(self) -> str:
        return "".join(self.answer.generated.pieces[self.at :]) if self.was_interrupted else ""

    @property
    def outcome(self) -> str | None:
        return (
            classify_outcome(self.task.words, self.task.distracted, self.after)
            if self.was_interrupted
            else None
        )

    @property
    def resisted(self) -> float | None:
        return float(self.outcome == RETURNS) if self.was_interrupted else None

    @property
    def adherence(self) -> float | None:
        return (
            word_adherence(self.task.words, self.task.distracted, self.after)
            if self.was_interrupted
            else None
        )

    @property
    def completion(self) -> float | None:
        """Of the whole answer, because steps may be taken before the interruption."""
        return step_share(self.task.steps, self.answer.text) if self.was_interrupted else None

    @property
    def tokens_to_return(self) -> float | None:
        found = (
            tokens_to_return(self.task.words, self.answer.generated.pieces[self.at :])
            if self.was_interrupted
            else None
        )
        return None if found is None else float(found)

    def sample(self) -> JobSample:
        before = "".join(self.answer.generated.pieces[: self.at])
        text = f"{before} ⟦{self.task.distractor}⟧ {self.after}" if self.was_interrupted else self.answer.text
        return JobSample(self.answer.condition, self.answer.prompt.id, text, (self.outcome or "ended early",))

    def values(self) -> Mapping[str, Any]:
        return {
            "outcome": self.outcome,
            "adherence": self.adherence,
            "semantic": self.semantic,
            "completion": self.completion,
            "tokens_to_return": self.tokens_to_return,
            **asdict(self.odds),
        }


def measure_interruption(
    sampler: ModelSampler, task: DialogueTask, answer: SampledAnswer, mixer: Mixer, at: int
) -> Steps[InterruptedAnswer]:
    """Measure an interrupted answer; returns an `InterruptedAnswer`. The odds are read under the answer's
    own mixer and cached.
    """
    bare = InterruptedAnswer(task, answer, at, TaskOdds())
    if not bare.was_interrupted:
        return bare
    key = cache_digest(sampler.identity, str(mixer.to_json()), str(answer.generated.to_json()), str(task))
    found = yield from task_group(
        f"odds after it {key}", partial(_measure_odds, sampler, task, answer, mixer, at)
    )
    return InterruptedAnswer(task, answer, at, TaskOdds(**found))


def _measure_odds(
    sampler: ModelSampler, task: DialogueTask, answer: SampledAnswer, mixer: Mixer, at: int
) -> Steps[dict[str, Any]]:
    rows = yield from sampler.distributions(answer.prompt, answer.generated, mixer)
    # Row `at` predicts the first token after the interruption.
    after = np.asarray(rows[at:], np.float64)
    # p log p is 0 where p is 0, but −∞ · 0 would be NaN.
    spread = -np.where(after > -np.inf, np.exp(after) * after, 0.0).sum(axis=1)
    on, off = (_total_probability(after, ids) for ids in _exclusive_first_tokens(sampler, task))
    return asdict(TaskOdds(on[0] - off[0], float(spread.mean()), tokens_on_task(on, off)))


def _exclusive_first_tokens(sampler: ModelSampler, task: DialogueTask) -> tuple[list[int], list[int]]:
    """First-token ids of the words of each list; tokens that begin words of both are dropped."""
    on, off = sampler.first_tokens(task.words), sampler.first_tokens(task.distracted)
    return sorted(on - off), sorted(off - on)


def _total_probability(rows: np.ndarray[Any, Any], ids: list[int]) -> list[float]:
    """Total probability of these tokens at every position."""
    return [float(value) for value in np.exp(rows[:, ids]).sum(axis=1)]
