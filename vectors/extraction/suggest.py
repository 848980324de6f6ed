"""The band and the dose that a new vector suggests, found as a check finds them.

The band is the one with the largest slope of propensity on held-out pairs, from one gradient. The dose changes the
model by 0.3 nats per token, measured as KL on texts that the model samples itself, and is halved once if it breaks
the text. A high d alone does not steer, so the slope is also ranked among random directions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.jobs.job import JobSample, Steps
from core.json_values import JsonValue
from core.mixer.effects import channel_band as band_of
from core.mixer.mixer import Channel
from vectors.checks import propensity
from vectors.checks.answers.dosed_answers import BROKEN
from vectors.checks.answers.judged_pairs import JudgedPair, judge_pairs
from vectors.checks.answers.pushes import push_profile
from vectors.checks.answers.trial import Trial, TrialPlan, run_trial
from vectors.checks.dose_stage import sample_and_differentiate, trial_messages
from vectors.checks.halves import Halves
from vectors.checks.rank_stage import MAX_NEW, CheckSettings, differentiate_pairs, rank_vector
from vectors.checks.report import CheckMeasurements
from vectors.checks.separation import LayerSeparation, best_band
from vectors.data.report_values import Report
from vectors.extraction.dose_material import DoseMaterial
from vectors.extraction.ranking import trusted_layers
from vectors.statistics.json_numbers import json_safe
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

LEAST_KL, MOST_KL = 0.01, 1.0
"""Nats per token between which a measured dose is one: below it nobody sees a change, above it nothing is left."""
SHOWN_PROMPTS = 2
NOT_STEERING = (
    "it separates the classes but on no tried band does it affect the model more than random directions do"
)
NO_DOSE = "no dose was found that changes the model's texts and leaves them whole"
Band = tuple[int, ...]


@dataclass(frozen=True)
class FoundDose:
    """`suggestion` is what goes on the card, None without a dose; `facts` is what was measured."""

    suggestion: dict[str, JsonValue] | None
    facts: Report
    warnings: tuple[str, ...] = ()


def search_dose(model: Model, vector: SteeringVector, given: DoseMaterial, seed: int) -> Steps[FoundDose]:
    """Band, dose and texts; two-model vectors are dosed where they separate best."""
    halves = given.judging_halves(model, vector.about, seed)
    args = given.template_args
    pairs = (yield from judge_pairs(model, halves.held, args)) if halves else []
    settings = CheckSettings(
        prompts=given.states.prompts, seed=seed, towards=given.towards, template_args=args
    )
    evidence = yield from _choose_band(model, vector, given, halves, pairs, settings)
    prompts = trial_messages(model, pairs, settings)
    sampled = yield from sample_and_differentiate(model, prompts, seed, evidence.no_gradient)
    plan = TrialPlan(
        model=model,
        profile=evidence.profile,
        band=evidence.band,
        sign=evidence.sign,
        # Without nulls and pairs the trial is the dose and the texts alone.
        nulls=(),
        pairs=(),
        prompts=prompts,
        texts=sampled.rows,
        gradient=None,
        scores=sampled.scores,
        read_layers=evidence.band,
        max_new=MAX_NEW,
        seed=seed,
    )
    trial = yield from run_trial(plan)
    evidence = replace(evidence, trial=trial, no_gradient=sampled.problem)
    yield from _texts_at_the_dose(model, evidence, trial)
    return _found_dose(evidence, trial)


def _choose_band(
    model: Model,
    vector: SteeringVector,
    given: DoseMaterial,
    halves: Halves | None,
    pairs: Sequence[JudgedPair],
    settings: CheckSettings,
) -> Steps[CheckMeasurements]:
    """The band where the vector acts most, its sign and its ranks; by separation where nothing is judged."""
    evidence = CheckMeasurements(
        vector=vector,
        towards=settings.towards,
        doubts=(),
        separations=given.apart,
        profile=push_profile(vector, model.residual_norms),
        max_new=settings.max_new,
        seed=settings.seed,
        pairs=len(pairs),
    )
    if halves and pairs:
        found = yield from differentiate_pairs(model, pairs)
        nulls = propensity.null_classes(given.class_states(halves), vector.units, settings.seed)
        evidence = rank_vector(model, evidence, found, nulls, settings)
    if evidence.slopes is None:
        evidence = replace(evidence, band=separation_band(vector, given.apart, model.n_layers))
    return evidence


def separation_band(vector: SteeringVector, apart: Mapping[int, LayerSeparation], n_layers: int) -> Band:
    """The layers around the one that separates best, never of the first fifth; else the default band."""
    later = {layer: apart[layer] for layer in trusted_layers(tuple(apart), n_layers)}
    return best_band(later, n_layers) or band_of(Channel(vector), n_layers)


def _texts_at_the_dose(model: Model, evidence: CheckMeasurements, trial: Trial) -> Iterator[JobSample]:
    """A few answers without the dose and under it."""
    if model.tokenizer is None:
        return
    for number in range(min(SHOWN_PROMPTS, len(trial.answers.prompts))):
        for side, scale in (("−", -evidence.scale), ("0", 0.0), ("+", evidence.scale)):
            tokens = list(trial.answers.by_condition[side][number].tokens)
            text = model.tokenizer.decode(tokens, skip_special_tokens=True)
            yield JobSample(f"{scale:+g}", f"prompt {number}", text)


def _found_dose(evidence: CheckMeasurements, trial: Trial) -> FoundDose:
    slopes, dose, whole = evidence.slopes, trial.dose, trial.coherence
    steers = None if slopes is None else not evidence.red_ranks
    bands = zip(slopes.bands, slopes.slopes, strict=True) if slopes else [(evidence.band, None)]
    facts = json_safe(
        {
            "bands": [{"layers": list(band), "slope": slope} for band, slope in bands],
            "steers": steers,
            "nulls": [rank.to_json(evidence.sign) for rank in slopes.ranks] if slopes else [],
            "pairs": evidence.pairs,
            "kl": dose.kl,
            "broken": {"plus": whole.plus, "minus": whole.minus, "at_twice": whole.at_twice},
        }
    )
    reached = LEAST_KL <= dose.kl <= MOST_KL and whole.plus <= BROKEN
    suggestion: dict[str, JsonValue] = {
        "layers": list(evidence.band),
        "unit": evidence.profile.unit,
        "scale": evidence.scale,
        "split": True,
    }
    said = (
        evidence.problem,
        evidence.no_gradient and f"the dose was found without a gradient: {evidence.no_gradient}",
        NOT_STEERING if steers is False else "",
        "" if reached else f"{NO_DOSE} (KL {dose.kl:.2g}, {whole.plus:.0%} of the texts broken)",
    )
    return FoundDose(suggestion if reached else None, facts, tuple(filter(None, said)))
