"""`check`: does this vector move this behaviour of this model, at which layers and dose? A minute or two.

A job: it yields progress, rows, points and samples, and returns the report. One gradient ranks the vector
among a thousand directions of three classes; a vector that passes is tried at a dose. The recipe and its
figures are in docs/methods.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.demo.demo_world import world_of
from core.errors import UsageError
from core.jobs.job import Job
from core.json_values import JsonValue
from core.mixer.effects import channel_band as band_of
from core.mixer.layer_ranges import parse_layers
from core.mixer.mixer import Channel
from vectors.checks import propensity, report
from vectors.checks.answers.judged_pairs import judge_pairs
from vectors.checks.answers.pushes import push_profile
from vectors.checks.class_states import (
    ClassStates,
    measure_separations,
    read_class_states,
    states_of_gradient,
)
from vectors.checks.cost import estimate_job
from vectors.checks.dose_stage import neutral_statistics, try_dose
from vectors.checks.halves import Halves, fit_halves, halves_of_set, split_halves
from vectors.checks.rank_stage import MAX_NEW, CheckSettings, differentiate_pairs, rank_vector
from vectors.checks.report import CheckMeasurements
from vectors.checks.separation import LayerSeparation
from vectors.contrasts.catalogue import BUILT_IN, contrast
from vectors.data import compatibility, model_shape
from vectors.library import measured
from vectors.library.reading import read
from vectors.statistics.json_numbers import json_safe
from vectors.texts.pair import ContrastSet
from vectors.texts.thinking import spoken_facts
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

HELD_OUT = 20
SEED = 8  # fixed seed of the demo prompts and pairs
FEWEST_OF_SET = 4


def check_vector(
    model: Model,
    vector: SteeringVector,
    *,
    pairs: ContrastSet | Iterable[Any] | None = None,
    prompts: Sequence[Any] | None = None,
    in_sample: bool = False,
    layers: Sequence[int] | None = None,
    max_new: int = MAX_NEW,
    seed: int = 0,
    more: bool = False,
    template_args: Mapping[str, JsonValue] | None = None,
) -> Job:
    """The job. `pairs` is a contrast set; `prompts` are texts, messages or ids; `layers` the band to steer.

    `in_sample` says that the vector was made from these very pairs; of a set that is named in its card, the
    card's own hold-out judges.
    """
    settings = CheckSettings(
        None if layers is None else tuple(layers),
        tuple(prompts or ()),
        max_new,
        seed,
        pairs.poles[0] if isinstance(pairs, ContrastSet) else "positive",
        more,
        dict(template_args or {}),
    )
    if isinstance(pairs, ContrastSet):
        halves: Halves | None = halves_of_set(pairs, vector.about, seed)
    else:
        halves = None if pairs is None else split_halves(pairs, seed, in_sample)
    return begin_check(model, vector, halves, settings)


def check_job(model: Model, params: Mapping[str, Any]) -> Job:
    """The same job from named parameters, as an engine or a command line sends them."""
    if not params.get("vector"):
        raise UsageError("check needs the name or the file of a vector")
    # Without earlier measurements, so that a check never rests on the one before.
    vector = read(params["vector"], model=model, force=True, measured=False)
    chosen = contrast(params["contrast"]) if params.get("contrast") else None
    seed = int(params.get("seed") or 0)
    halves, towards = find_halves(model, vector, chosen, seed)
    band = params.get("layers")
    layers = parse_layers(band, model.n_layers) if isinstance(band, str) else band
    settings = CheckSettings(
        None if layers is None else tuple(layers),
        tuple(params.get("prompts") or ()),
        int(params.get("max_new") or MAX_NEW),
        seed,
        towards,
        bool(params.get("more")),
        params.get("template_arg") or {},
    )
    if params.get("estimate"):
        return estimate_job(model, halves, settings)
    warnings = () if chosen is None else chosen.warnings
    return _with_warnings(begin_check(model, vector, halves, settings), warnings)


def find_halves(
    model: Model, vector: SteeringVector, chosen: ContrastSet | None, seed: int
) -> tuple[Halves | None, str]:
    """The halves of the chosen or built-in set and the name of its positive pole.

    For the demo models, new pairs are generated.
    """
    stored = vector.about.contrast
    world = world_of(model.name)
    if chosen is None and world and (pairs := world.pairs(stored, 2 * HELD_OUT, SEED)):
        return split_halves(pairs, seed), BUILT_IN[stored].poles[0]
    if chosen is None and stored not in BUILT_IN:
        return None, "positive"
    found = chosen or contrast(stored)
    return halves_of_set(found, vector.about, seed), found.poles[0]


def begin_check(model: Model, vector: SteeringVector, halves: Halves | None, settings: CheckSettings) -> Job:
    known = model_shape.shape_of_model(model)
    compatibility.refuse_misfit(vector, known)
    if settings.layers is not None:
        # Before any work: an error names a layer that the vector does not have.
        band_of(Channel(vector, layers=settings.layers), model.n_layers)
    if halves is not None and len(halves.made) + len(halves.held) < FEWEST_OF_SET:
        raise UsageError(
            f"needs ≥ {FEWEST_OF_SET} pairs, two of either half; got {len(halves.made) + len(halves.held)}"
        )
    return _check_steps(model, vector, halves, settings)


def _check_steps(model: Model, vector: SteeringVector, halves: Halves | None, settings: CheckSettings) -> Job:
    doubts = compatibility.compatibility_warnings(vector, model_shape.shape_of_model(model))
    args = settings.template_args
    halves = halves and fit_halves(model, halves, args)
    pairs = (yield from judge_pairs(model, halves.held, args)) if halves else []
    found = yield from differentiate_pairs(model, pairs)
    states: ClassStates | None = None
    apart: dict[int, LayerSeparation] = {}
    if halves is not None:
        known = states_of_gradient(vector, pairs, found.rows)
        states = yield from read_class_states(model, vector, halves, known, args)
        apart = yield from measure_separations(vector, states, settings.seed)
    # Before anything is pushed, because a dose in natural units is sized by these class gaps.
    vector = with_stats(vector, apart)
    nulls = propensity.null_classes(states, vector.units, settings.seed)
    evidence = CheckMeasurements(
        vector=vector,
        towards=settings.towards,
        doubts=doubts,
        separations=apart,
        profile=push_profile(vector, model.residual_norms),
        max_new=settings.max_new,
        seed=settings.seed,
        pairs=len(pairs),
        in_sample=bool(halves and halves.in_sample),
        ends_apart=bool(states and states.ends_apart and vector.about.read in ("", "last")),
        more=spoken_facts(model, args, [pair.note for pair in pairs]),
    )
    evidence = rank_vector(model, evidence, found, nulls, settings)
    if not evidence.stops:
        evidence = yield from try_dose(model, evidence, pairs, nulls, found, settings)
        vector = with_neutral(vector, neutral_statistics(evidence.trial))
    summary = json_safe(report.build_report(model, evidence))
    yield from report.report_events(model, evidence, summary)
    # Without a dose of its own the file's suggestion stays what it was.
    about = replace(vector.about, act_norms=model.residual_norms, suggestion=summary["suggestion"])
    kept = measured.save_measurements(vector.sha256, model.fingerprint, about, summary)
    return summary | {"kept": None if kept is None else str(kept)}


def _with_warnings(work: Job, warnings: Sequence[str]) -> Job:
    """Adds the contrast set's warnings to the summary (they are not stored with the vector)."""
    summary: Mapping[str, Any] = (yield from work) or {}
    return {**summary, "warnings": list(warnings)}


def with_stats(vector: SteeringVector, apart: Mapping[int, LayerSeparation]) -> SteeringVector:
    """The vector with the class statistics just measured in place of those in its file."""
    if not apart:
        return vector
    return vector.with_about(
        replace(vector.about, stats={layer: found.stats for layer, found in apart.items()})
    )


def with_neutral(vector: SteeringVector, neutral: Mapping[int, Mapping[str, float]]) -> SteeringVector:
    """The vector with statistics of ordinary text added to those of its classes."""
    stats = vector.about.stats
    both = {layer: {**stats.get(layer, {}), "neutral": spread} for layer, spread in neutral.items()}
    return vector.with_about(replace(vector.about, stats={**stats, **both}))
