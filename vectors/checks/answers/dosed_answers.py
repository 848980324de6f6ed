"""Answers of the vector and of one control of each class under ± the dose, on the set's own messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.jobs.job import Steps
from vectors.checks.answers.batch_answers import BatchAnswer, sample_answers
from vectors.checks.answers.pushes import PushProfile
from vectors.checks.answers.readings import UnsteeredReading, read_rows
from vectors.checks.answers.text_effects import FEATURES, TextEffect, text_effect
from vectors.checks.gradients.scored_rows import Ids, Push, ScoredRow

if TYPE_CHECKING:
    from core.model.model import Model

TEMPERATURE = 0.7
"""Greedy small models repeat themselves unsteered, which would look like a collapse."""
OWN = ("0", "+", "−")
"""Conditions of the vector; those of its controls are read for their states alone."""
BROKEN = 0.25
"""Largest share of broken answers at a dose that holds."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Coherence:
    """Share of broken answers on either side, and on the plus side at twice the dose if that was tried."""

    plus: float
    minus: float
    at_twice: float | None = None


@dataclass(frozen=True)
class DosedControl:
    """A control direction at its own dose."""

    profile: PushProfile
    scale: float
    kl: float


@dataclass(frozen=True)
class DosedAnswers:
    """Readings by condition: "0", "+", "−" of the vector, then "+n", "−n" of control n; one per prompt."""

    by_condition: Mapping[str, Sequence[UnsteeredReading]]
    prompts: tuple[tuple[int, ...], ...]

    def coherence(self) -> Coherence:
        return Coherence(self._broken("+"), self._broken("−"))

    def _broken(self, condition: str) -> float:
        pairs = zip(self.by_condition[condition], self.by_condition["0"], strict=True)
        return float(np.mean([answer.is_broken(undosed) for answer, undosed in pairs]))

    def effect(self, judge: TextJudge, controls: int) -> TextEffect:
        def values(condition: str) -> list[float]:
            return [judge.value(answer) for answer in self.by_condition[condition]]

        theirs = [(values(f"−{n}"), values(f"+{n}")) for n in range(1, controls + 1)]
        return text_effect(judge.name, (values("−"), values("+")), theirs)


@dataclass(frozen=True)
class TextJudge:
    """A number per answer: its mean state along a direction, or a count in its text."""

    name: str
    directions: Mapping[int, Floats]
    feature: tuple[str, float] | None = None
    tokenizer: Any = None

    def value(self, answer: UnsteeredReading) -> float:
        if not answer.tokens:
            return float("nan")
        if self.feature is not None:
            name, sign = self.feature
            return sign * FEATURES[name](self.tokenizer.decode(list(answer.tokens), skip_special_tokens=True))
        return float(
            np.mean([answer.states[layer] @ direction for layer, direction in self.directions.items()])
        )


def sample_dosed_answers(
    model: Model,
    prompts: Sequence[Ids],
    own: tuple[PushProfile, float],
    controls: Sequence[DosedControl],
    band: tuple[int, ...],
    layers: Sequence[int],
    max_new: int,
    seed: int,
    directions: Mapping[int, Tensor],
) -> Steps[DosedAnswers]:
    """Every prompt without a dose and at ± the doses, with common random numbers; then one unsteered read.

    The tokens of the answers without a dose are projected on `directions`.
    """
    profile, scale = own
    pushes: dict[str, Push | None] = {"0": None, "+": profile.at(scale, band), "−": profile.at(-scale, band)}
    for number, control in enumerate(controls, start=1):
        pushes[f"+{number}"] = control.profile.at(control.scale, band)
        pushes[f"−{number}"] = control.profile.at(-control.scale, band)
    sampled = yield from sample_answers(
        model, prompts, list(pushes.values()), max_new=max_new, temperature=TEMPERATURE, seed=seed
    )
    by_condition = dict(zip(pushes, sampled, strict=True))
    return (yield from _read_answers(model, prompts, by_condition, layers, directions))


def _read_answers(
    model: Model,
    prompts: Sequence[Ids],
    sampled: Mapping[str, Sequence[BatchAnswer]],
    layers: Sequence[int],
    directions: Mapping[int, Tensor],
) -> Steps[DosedAnswers]:
    # One group per prompt: its answers share their context, which is then read once.
    groups = [
        [
            ScoredRow((*prompt, *answers[number].thought), answers[number].tokens)
            for answers in sampled.values()
        ]
        for number, prompt in enumerate(prompts)
    ]
    read = yield from read_rows(model, groups, layers, len(OWN), directions)
    by_condition = {name: [group[place] for group in read] for place, name in enumerate(sampled)}
    return DosedAnswers(by_condition, tuple(tuple(prompt) for prompt in prompts))
