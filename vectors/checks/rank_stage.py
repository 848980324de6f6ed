"""The first part of a check: what one gradient on the judging pairs says, before anything is steered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.jobs.job import Steps
from core.json_values import JsonValue
from core.mixer.effects import channel_band as band_of
from core.mixer.mixer import Channel
from vectors.checks import propensity
from vectors.checks.answers.judged_pairs import JudgedPair
from vectors.checks.gradients.gradient import GradientUnavailable, RowGradients
from vectors.checks.gradients.nulls import NullClass
from vectors.checks.gradients.ranks import candidate_bands
from vectors.checks.gradients.slopes import PropensityGradient, measure_slopes
from vectors.checks.report import CheckMeasurements
from vectors.checks.verdict import acting_sign, ranks_are_red
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

Floats = NDArray[np.float32]
LARGEST_MARGIN = 3.0
MAX_NEW = 32


@dataclass(frozen=True)
class CheckSettings:
    """What a check was asked for; `towards` is the name of the positive pole."""

    layers: tuple[int, ...] | None = None
    prompts: tuple[Any, ...] = ()
    max_new: int = MAX_NEW
    seed: int = 0
    towards: str = "positive"
    more: bool = False
    template_args: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True)
class PairGradients:
    """What one backward pass on the judging pairs gave; `problem` says why there is none."""

    gradient: PropensityGradient | None = None
    rows: RowGradients | None = None
    problem: str = ""


def differentiate_pairs(model: Model, pairs: Sequence[JudgedPair]) -> Steps[PairGradients]:
    if not pairs:
        return PairGradients()
    try:
        return PairGradients(*(yield from propensity.propensity_gradient(model, pairs)))
    except GradientUnavailable as problem:
        return PairGradients(problem=str(problem))


def rank_vector(
    model: Model,
    evidence: CheckMeasurements,
    found: PairGradients,
    nulls: Sequence[NullClass],
    settings: CheckSettings,
) -> CheckMeasurements:
    """With slopes and ranks on the best band; without a gradient only the band."""
    if found.gradient is None:
        return replace(evidence, no_gradient=found.problem, band=_own_band(model, evidence.vector, settings))
    if problem_of := _measure_problem(found.gradient):
        return replace(evidence, problem=problem_of)
    own = evidence.vector.about.suggested_layers
    bands = (
        [settings.layers]
        if settings.layers is not None
        else candidate_bands(model.n_layers, evidence.vector.layers, own)
    )
    slopes = measure_slopes(found.gradient, evidence.profile.rows, bands, nulls, acting_sign)
    return replace(evidence, slopes=slopes, band=slopes.band, red_ranks=ranks_are_red(slopes.ranks))


def _measure_problem(gradient: PropensityGradient) -> str:
    """Why nothing can be measured on these pairs, or nothing."""
    if not gradient.is_finite:
        return "cannot be measured: the model's log-probabilities of the pairs are not finite"
    margin = float(np.mean(gradient.margins))
    if abs(margin) > LARGEST_MARGIN:
        return (
            f"cannot be measured: without a dose one side is already {margin:+.1f} nats/token likelier,"
            f" beyond ±{LARGEST_MARGIN:g}"
        )
    return ""


def _own_band(model: Model, vector: SteeringVector, settings: CheckSettings) -> tuple[int, ...]:
    return band_of(Channel(vector, layers=settings.layers), model.n_layers)
