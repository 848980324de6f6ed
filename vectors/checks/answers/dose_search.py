"""The dose at which a push changes the model by a given KL per token, on texts the model itself sampled.

To second order KL(steered ‖ unsteered) = κ x², so from one measurement the next dose is x √(target / KL). The
first comes from κ̂, the gradient's estimate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor

from core.jobs.job import Progress, Steps, gpu_task
from vectors.checks.answers.pushes import PushProfile
from vectors.checks.gradients.scored_rows import ScoredRow, reply_logprobs

if TYPE_CHECKING:
    from core.model.model import Model

TARGET, NEAR_TARGET = 0.3, 0.05
"""Nats per token: visible in every answer and whole; the second where the linear range ends earlier."""
TOLERANCE, CONTROL_TOLERANCE = 0.25, 0.5
TRUSTED = 3.0
"""κ̂ is trusted where the measured KL is within this factor of it."""
QUADRATIC = 2.0
"""KL is taken to grow with the square of the dose where one correction by the root lands within this factor."""
FEW, MANY = 3, 9
STEP = 4.0
Band = tuple[int, ...]


@dataclass(frozen=True)
class KlTexts:
    """Texts sampled from the unsteered model, with its distributions on them."""

    rows: tuple[ScoredRow, ...]
    plain: Tensor

    def measure(self, model: Model, push: Mapping[int, Tensor]) -> float:
        """KL(steered ‖ unsteered), mean over the texts' tokens."""
        return self.divergence(reply_logprobs(model, self.rows, push))

    def divergence(self, pushed: Tensor) -> float:
        """KL of other distributions on the same tokens from the unsteered ones."""
        # A token of probability 0 gives 0 · −∞ = NaN, but its term in the KL is 0.
        value = float((pushed.exp() * (pushed - self.plain)).nan_to_num(0.0).sum(dim=-1).mean())
        return value if math.isfinite(value) else math.inf


@dataclass(frozen=True)
class Dose:
    """A scale and the KL it was measured at; `trusted`: whether κ̂ foresaw it within a factor of three.

    `quadratic`: whether KL grows with the square of the dose there, so that controls can be given the same KL.
    """

    scale: float
    kl: float
    trusted: bool = True
    quadratic: bool = True


def plain_texts(model: Model, rows: Sequence[ScoredRow]) -> Steps[KlTexts]:
    return KlTexts(tuple(rows), (yield gpu_task(partial(reply_logprobs, model, rows))))


def find_dose(
    model: Model, texts: KlTexts, profile: PushProfile, band: Band, kappa: float | None
) -> Steps[Dose]:
    """The dose of the vector: κ̂ is `kappa` at scale 1, None where no gradient could be had."""
    if kappa is None or kappa <= 0:
        return (yield from _approach(model, texts, profile, band, profile.start, TARGET, MANY, False))
    scale = math.sqrt(TARGET / kappa)
    kl = yield gpu_task(partial(texts.measure, model, profile.at(scale, band)))
    if TARGET / TRUSTED <= kl <= TARGET * TRUSTED:
        return (yield from _correct(model, texts, profile, band, Dose(scale, kl)))
    # κ̂ from few texts may be off where KL is quadratic all the same; then one correction is enough.
    scale = _next_scale(scale, kl, TARGET)
    kl = yield gpu_task(partial(texts.measure, model, profile.at(scale, band)))
    if TARGET / QUADRATIC <= kl <= TARGET * QUADRATIC:
        return (yield from _correct(model, texts, profile, band, Dose(scale, kl, trusted=False)))
    near = _next_scale(scale, kl, NEAR_TARGET)
    found = yield from _approach(model, texts, profile, band, near, NEAR_TARGET, MANY - 2, False)
    return replace(found, quadratic=False)


def find_equal_dose(
    model: Model, texts: KlTexts, profile: PushProfile, band: Band, kappa: float, own: Dose
) -> Steps[Dose]:
    """The dose of a control at the vector's KL; at the vector's length where KL is a step or κ̂ unknown."""
    if not own.quadratic or kappa <= 0:
        return Dose(own.scale, (yield gpu_task(partial(texts.measure, model, profile.at(own.scale, band)))))
    scale = math.sqrt(own.kl / kappa)
    tries, near = FEW - 1, CONTROL_TOLERANCE
    return (yield from _approach(model, texts, profile, band, scale, own.kl, tries, True, near))


def _correct(model: Model, texts: KlTexts, profile: PushProfile, band: Band, first: Dose) -> Steps[Dose]:
    if _is_near(first.kl, TARGET):
        return first
    scale = _next_scale(first.scale, first.kl, TARGET)
    return (yield from _approach(model, texts, profile, band, scale, TARGET, FEW - 1, first.trusted))


def _approach(
    model: Model,
    texts: KlTexts,
    profile: PushProfile,
    band: Band,
    scale: float,
    target: float,
    tries: int,
    trusted: bool,
    tolerance: float = TOLERANCE,
) -> Steps[Dose]:
    """Correct by the square root, and halve the bracket on a log scale once there is one."""
    low, high = 0.0, math.inf
    best = Dose(scale, math.inf, trusted)
    for number in range(tries):
        kl = yield gpu_task(partial(texts.measure, model, profile.at(scale, band)))
        if abs(math.log((kl or 1e-9) / target)) <= abs(math.log(best.kl / target)):
            best = Dose(scale, kl, trusted)
        found = _is_near(kl, target, tolerance)
        # The rest of the tries is not needed, so the count ends at the whole.
        yield Progress(tries if found else number + 1, tries, "doses tried")
        if found:
            break
        low, high = (max(low, scale), high) if kl < target else (low, min(high, scale))
        wanted = _next_scale(scale, kl, target)
        # Where KL is a step, the square root jumps from one side to the other.
        inside = low < wanted < high
        scale = wanted if inside else math.sqrt(low * high) if low > 0 and high < math.inf else wanted
    return best


def _next_scale(scale: float, kl: float, target: float) -> float:
    return scale * min(STEP, max(1 / STEP, math.sqrt(target / max(kl, 1e-9))))


def _is_near(kl: float, target: float, tolerance: float = TOLERANCE) -> bool:
    return target * (1 - tolerance) <= kl <= target * (1 + tolerance)
