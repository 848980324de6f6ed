"""What the vector does at a dose: the dose itself, margins of pairs, and answers, with one control of each class.

A dose that breaks the text, or at which the controls are not as predicted, is halved once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.jobs.job import Steps, gpu_task
from vectors.checks.answers.dose_search import (
    Dose,
    KlTexts,
    find_dose,
    find_equal_dose,
    plain_texts,
)
from vectors.checks.answers.dosed_answers import (
    BROKEN,
    Coherence,
    DosedAnswers,
    DosedControl,
    sample_dosed_answers,
)
from vectors.checks.answers.judged_pairs import JudgedPair
from vectors.checks.answers.margins import MarginEffect, half_difference, half_effects
from vectors.checks.answers.pushes import PushProfile
from vectors.checks.gradients.nulls import NullClass
from vectors.checks.gradients.scored_rows import Ids, ScoredRow
from vectors.checks.gradients.slopes import PropensityGradient, SampledScores, part_slopes

if TYPE_CHECKING:
    from core.model.model import Model

CONTROL_PAIRS = 6
"""Of one context each."""
KL_TEXTS = 8
Floats = NDArray[np.float32]
Band = tuple[int, ...]


@dataclass(frozen=True)
class TrialPlan:
    """Everything a trial needs; `gradient` and `scores` are None where no gradient could be had.

    The answers without a dose are projected on `directions`.
    """

    model: Model
    profile: PushProfile
    band: Band
    sign: int
    nulls: Sequence[NullClass]
    pairs: Sequence[JudgedPair]
    prompts: Sequence[Ids]
    texts: Sequence[ScoredRow]
    gradient: PropensityGradient | None
    scores: SampledScores | None
    read_layers: tuple[int, ...]
    max_new: int
    seed: int
    directions: Mapping[int, Tensor] = field(default_factory=dict)

    def predict(self, rows: Mapping[int, Floats], scale: float, count: int | None = None) -> float | None:
        """The effect of a push at a scale on the first `count` pairs, from the gradient."""
        if self.gradient is None:
            return None
        return scale * float(part_slopes(self.gradient, rows, self.band)[:count].sum(axis=1).mean())

    def kappa(self, rows: Mapping[int, Floats]) -> float | None:
        return None if self.scores is None else self.scores.kappa(rows, self.band)


@dataclass(frozen=True)
class Trial:
    """`below` and `above` are m per pair at −x and +x, in the direction that acts."""

    dose: Dose
    margin: MarginEffect | None
    below: tuple[float, ...]
    above: tuple[float, ...]
    controls: tuple[DosedControl, ...]
    answers: DosedAnswers
    coherence: Coherence
    kl_minus: float = 0.0


@dataclass
class _Measured:
    below: list[float] = field(default_factory=list)
    above: list[float] = field(default_factory=list)
    margin: MarginEffect | None = None


def run_trial(plan: TrialPlan) -> Steps[Trial]:
    """Dose, margins, answers."""
    acting = plan.profile if plan.sign > 0 else -plan.profile
    texts = yield from plain_texts(plan.model, plan.texts[:KL_TEXTS])
    dose = yield from find_dose(plan.model, texts, acting, plan.band, plan.kappa(acting.rows))
    dose = replace(dose, scale=_two_digits(dose.scale))
    controls = yield from _dose_controls(plan, texts, acting, dose)
    measured = yield from _measure(plan, acting, dose.scale, controls)
    if measured.margin and not measured.margin.is_linear:
        dose, controls = yield from _halve(plan, texts, acting, dose, controls)
        measured = yield from _measure(plan, acting, dose.scale, controls)
    answers = yield from _speak(plan, acting, dose.scale, controls)
    coherence = answers.coherence()
    if coherence.plus > BROKEN:
        dose, controls = yield from _halve(plan, texts, acting, dose, controls)
        measured = yield from _measure(plan, acting, dose.scale, controls)
        answers = yield from _speak(plan, acting, dose.scale, controls)
        coherence = replace(answers.coherence(), at_twice=coherence.plus)
    minus = yield gpu_task(lambda: texts.measure(plan.model, acting.at(-dose.scale, plan.band)))
    return Trial(
        dose,
        measured.margin,
        tuple(measured.below),
        tuple(measured.above),
        tuple(controls),
        answers,
        coherence,
        minus,
    )


def _dose_controls(
    plan: TrialPlan, texts: KlTexts, acting: PushProfile, dose: Dose
) -> Steps[list[DosedControl]]:
    """The first direction of each class, at the vector's KL."""
    controls = []
    for null in plan.nulls:
        profile = acting.like(null.name, {layer: null.rows(layer)[0] for layer in plan.band})
        found = yield from find_equal_dose(
            plan.model, texts, profile, plan.band, plan.kappa(profile.rows) or 0.0, dose
        )
        controls.append(DosedControl(profile, found.scale, found.kl))
    return controls


def _measure(
    plan: TrialPlan, acting: PushProfile, scale: float, controls: Sequence[DosedControl]
) -> Steps[_Measured]:
    if not plan.pairs:
        return _Measured()
    below, above = yield from half_effects(plan.model, plan.pairs, acting, plan.band, scale)
    halves = half_difference(below, above)
    few = control_pairs(plan.pairs)
    theirs = []
    for control in controls:
        low, high = yield from half_effects(plan.model, few, control.profile, plan.band, control.scale)
        foreseen = plan.predict(control.profile.rows, control.scale, len(few))
        theirs.append((float(np.mean(half_difference(low, high))), foreseen))
    size, predicted = float(np.mean(halves)), plan.predict(acting.rows, scale)
    return _Measured(below, above, MarginEffect(size, predicted, tuple(halves), tuple(theirs)))


def control_pairs(pairs: Sequence[JudgedPair]) -> Sequence[JudgedPair]:
    """Few pairs, since controls only have to show that prediction and measurement agree.

    Fewer where a reply is scored after both contexts of its pair: the texts are what costs.
    """
    contexts = max((len(pair.contexts) for pair in pairs), default=1)
    return pairs[: CONTROL_PAIRS // contexts]


def _halve(
    plan: TrialPlan, texts: KlTexts, acting: PushProfile, dose: Dose, controls: Sequence[DosedControl]
) -> Steps[tuple[Dose, list[DosedControl]]]:
    scale = _two_digits(dose.scale / 2)
    kl = yield gpu_task(lambda: texts.measure(plan.model, acting.at(scale, plan.band)))
    # To second order a half of the dose is a quarter of the KL, for the controls as well.
    halved = [replace(control, scale=control.scale / 2, kl=control.kl / 4) for control in controls]
    return replace(dose, scale=scale, kl=kl), halved


def _speak(
    plan: TrialPlan, acting: PushProfile, scale: float, controls: Sequence[DosedControl]
) -> Steps[DosedAnswers]:
    return (
        yield from sample_dosed_answers(
            plan.model,
            plan.prompts,
            (acting, scale),
            controls,
            plan.band,
            plan.read_layers,
            plan.max_new,
            plan.seed,
            plan.directions,
        )
    )


def _two_digits(scale: float) -> float:
    return float(f"{scale:.2g}")
