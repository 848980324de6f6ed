"""One answer that was interrupted, and everything that is measured of it from the interruption on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from core.jobs.job import Sample, unit
from core.mixer.mixer import Mixer
from sessions.experiments.common.counting import adherence
from sessions.experiments.common.sampler import Voice, Work
from sessions.experiments.distraction.dialogues import Task
from sessions.experiments.distraction.outcomes import (
    RETURNS,
    completion,
    outcome,
    persistence,
    tokens_to_return,
)
from sessions.experiments.judges.verdict import digest
from sessions.experiments.scoring.answers import Answer


@dataclass(frozen=True)
class Odds:
    """Of the first token after the interruption: P(a word of the task begins) − P(one of the distractor does); the
    mean entropy of all tokens after it, in nats; and how many tokens the task stays ahead of the distractor. From the
    model's own probabilities, nothing is sampled.
    """

    motivation: float | None = None
    entropy: float | None = None
    persistence: float | None = None


@dataclass(frozen=True)
class Interrupted:
    """Nothing but the answer where it ended before it could be interrupted. `semantic` comes when all is said
    (`sessions.experiments.meaning`)."""

    task: Task
    answer: Answer
    at: int
    odds: Odds
    semantic: float | None = None

    @property
    def came(self) -> bool:
        """Whether the interruption came, and something was said after it."""
        return bool(self.answer.said.inserted) and len(self.answer.said.ids) > self.at

    @property
    def after(self) -> str:
        return "".join(self.answer.said.pieces[self.at :]) if self.came else ""

    @property
    def outcome(self) -> str | None:
        return outcome(self.task.words, self.task.distracted, self.after) if self.came else None

    @property
    def resisted(self) -> float | None:
        return float(self.outcome == RETURNS) if self.came else None

    @property
    def adherence(self) -> float | None:
        return adherence(self.task.words, self.task.distracted, self.after) if self.came else None

    @property
    def completion(self) -> float | None:
        """Of the whole answer, for the interruption may come when some steps are taken."""
        return completion(self.task.steps, self.answer.text) if self.came else None

    @property
    def tokens_to_return(self) -> float | None:
        found = tokens_to_return(self.task.words, self.answer.said.pieces[self.at :]) if self.came else None
        return None if found is None else float(found)

    def sample(self) -> Sample:
        before = "".join(self.answer.said.pieces[: self.at])
        text = f"{before} ⟦{self.task.distractor}⟧ {self.after}" if self.came else self.answer.text
        return Sample(self.answer.condition, self.answer.prompt.id, text, (self.outcome or "ended early",))

    def values(self) -> Mapping[str, Any]:
        return {
            "outcome": self.outcome,
            "adherence": self.adherence,
            "semantic": self.semantic,
            "completion": self.completion,
            "tokens_to_return": self.tokens_to_return,
            **asdict(self.odds),
        }


def interrupted(voice: Voice, task: Task, answer: Answer, mixer: Mixer, at: int) -> Work:
    """An `Interrupted`; its odds are read once more under the mixer it was said under, and remembered."""
    bare = Interrupted(task, answer, at, Odds())
    if not bare.came:
        return bare
    key = digest(voice.identity, str(mixer.to_json()), str(answer.said.to_json()), str(task))
    found = yield from unit(f"odds after it {key}", partial(_odds, voice, task, answer, mixer, at))
    return Interrupted(task, answer, at, Odds(**found))


def _odds(voice: Voice, task: Task, answer: Answer, mixer: Mixer, at: int) -> Work:
    rows = yield from voice.distributions(answer.prompt, answer.said, mixer)
    after = np.asarray(rows[at:], np.float64)
    spread = -np.where(after > -np.inf, np.exp(after) * after, 0.0).sum(axis=1)
    on, off = (_mass(after, ids) for ids in _apart(voice, task))
    return asdict(Odds(on[0] - off[0], float(spread.mean()), persistence(on, off)))


def _apart(voice: Voice, task: Task) -> tuple[list[int], list[int]]:
    """The tokens that words of either side begin with; one that begins words of both says nothing."""
    on, off = voice.starts(task.words), voice.starts(task.distracted)
    return sorted(on - off), sorted(off - on)


def _mass(rows: np.ndarray[Any, Any], ids: list[int]) -> list[float]:
    """The probability of all of them together, at every place."""
    return [float(value) for value in np.exp(rows[:, ids]).sum(axis=1)]
