"""`check`: does this vector steer this model, on which layers and at which doses? Takes about a minute.

A job: it yields progress, rows, points and samples, and returns the report. The verdict rests on the
dose–response compared with random vectors of the same size; every other measurement can only lower it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.demo.demo_world import world_of
from core.errors import UsageError
from core.generation.token_ids import prompt_ids
from core.jobs.job import Job, Row, Steps
from core.json_values import JsonValue
from core.mixer.effects import channel_band as band_of
from core.mixer.layer_ranges import parse_layers
from core.mixer.mixer import Channel
from vectors.checks import dose_response, doses, separation
from vectors.checks.report import CheckMeasurements, build_report, json_safe, report_events
from vectors.checks.separation import Ids, LayerSeparation
from vectors.contrasts.catalogue import BUILT_IN, contrast
from vectors.data import compatibility, model_shape
from vectors.data.metadata import LayerStats
from vectors.data.report_values import table_at
from vectors.library import measured
from vectors.library.reading import read
from vectors.texts.pair import ContrastSet, PairInput, Text
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

PAIRS = 8
HELD_OUT = 20
SEED = 8  # fixed seed of the demo prompts and pairs
GOOD_SHARE = 0.7  # of the best layer's d: what may join the suggested band
PROMPTS = (
    "What should I do this weekend?",
    "Describe a walk through a small town.",
    "Help me plan my next project.",
    "Tell me about someone who had a difficult day.",
    "What do you think about working late?",
    "Write the opening of a story about a letter.",
    "How do I get better at something I find hard?",
    "Give me your honest opinion of routines.",
)


def check_vector(
    model: Model,
    vector: SteeringVector,
    *,
    pairs: Iterable[PairInput] | None = None,
    prompts: Sequence[Text] | None = None,
    in_sample: bool = False,
    layers: Sequence[int] | None = None,
    max_new: int = 24,
    seed: int = 0,
) -> Job:
    """The job. `pairs` is a contrast set; `prompts` are texts, messages or ids; `layers` the band to steer.

    `in_sample` says that the vector was made from these very pairs: their d is reported, but is not a
    hold-out result.
    """
    known = model_shape.shape_of_model(model)
    compatibility.refuse_misfit(vector, known)
    doubts = compatibility.compatibility_warnings(vector, known)
    labelled = [] if pairs is None else separation.token_pairs(model, pairs)
    apart = yield from _measure_separation(model, vector, labelled, seed)
    # First, because a dose in natural units is sized by these class gaps.
    vector = with_stats(vector, apart)
    band = tuple(layers) if layers is not None else choose_band(model, vector, apart)
    # The vector stands first, with number 0; the controls get the same layers and doses.
    tools = [tool := doses.prepare_doses(vector, band), *dose_response.random_controls(tool, seed)]
    asked = [prompt_ids(model, prompt) for prompt in prompts or default_prompts(model)]
    texts = yield from dose_response.generate_dosed_texts(model, tools, asked, max_new)
    few = labelled[:PAIRS]
    tendency = (yield from dose_response.measure_propensities(model, tools, few)) if few else None
    window = yield from dose_response.find_dose_window(model, tool, asked, texts, max_new)
    evidence = CheckMeasurements(vector, doubts, apart, tool, texts, tendency, window, in_sample, seed)
    summary = json_safe(build_report(model, evidence))
    yield from report_events(model, evidence, summary)
    # Texts at dose 0 are ordinary text of this model: they give the neutral statistics.
    said = [([*ids, *spoken.tokens], len(ids)) for ids, spoken in zip(asked, texts[0, 0.0], strict=True)]
    vector = with_neutral(vector, (yield from separation.summarize_ordinary_text(model, vector, said)))
    about = replace(vector.about, act_norms=model.residual_norms, suggestion=table_at(summary, "suggestion"))
    kept = measured.save_measurements(vector.sha256, model.fingerprint, about, summary)
    return summary | {"kept": None if kept is None else str(kept)}


def _measure_separation(
    model: Model, vector: SteeringVector, pairs: Sequence[tuple[Ids, Ids]], seed: int
) -> Steps[dict[int, LayerSeparation]]:
    """Measure the class separation per layer and yield a row for each; empty without pairs."""
    if not pairs:
        return {}
    apart = yield from separation.separation_by_layer(model, vector, pairs, seed)
    for layer, found in apart.items():
        yield Row("layers", str(layer), json_safe(found.separation.to_json()))
    return apart


def check_job(model: Model, params: Mapping[str, Any]) -> Job:
    """The same job from named parameters, as an engine or a command line sends them."""
    if not params.get("vector"):
        raise UsageError("check needs the name or the file of a vector")
    # Without earlier measurements, so that a check never rests on the one before.
    vector = read(params["vector"], model=model, force=True, measured=False)
    chosen = contrast(params["contrast"]) if params.get("contrast") else None
    pairs, in_sample = find_pairs(model, vector, chosen)
    band = params.get("layers")
    layers = parse_layers(band, model.n_layers) if isinstance(band, str) else band
    named = {key: params[key] for key in ("prompts", "max_new", "seed") if params.get(key) is not None}
    warnings = () if chosen is None else chosen.warnings
    return _with_warnings(
        check_vector(model, vector, pairs=pairs, in_sample=in_sample, layers=layers, **named), warnings
    )


def _with_warnings(work: Job, warnings: Sequence[str]) -> Job:
    """Adds the contrast set's warnings to the summary (they are not stored with the vector)."""
    summary: Mapping[str, JsonValue] = (yield from work) or {}
    return {**summary, "warnings": list(warnings)}


def find_pairs(
    model: Model, vector: SteeringVector, chosen: ContrastSet | None
) -> tuple[Sequence[PairInput] | None, bool]:
    """The pairs of the chosen or built-in set, and whether the vector was made from these very pairs.

    For the demo models, new pairs are generated.
    """
    stored = vector.about.contrast
    world = world_of(model.name)
    if chosen is None and world and (pairs := world.pairs(stored, 2 * HELD_OUT, SEED)):
        random.Random(SEED).shuffle(pairs)
        return pairs, False
    if chosen is None and stored not in BUILT_IN:
        return None, False
    found = chosen or contrast(stored)
    return found.validated().pairs, found.sha256 == vector.about.dataset_sha256


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
    both: dict[int, LayerStats] = {
        layer: {**stats.get(layer, {}), "neutral": spread} for layer, spread in neutral.items()
    }
    return vector.with_about(replace(vector.about, stats=both))


def choose_band(
    model: Model, vector: SteeringVector, apart: Mapping[int, LayerSeparation]
) -> tuple[int, ...]:
    """The vector's suggested layers, else those around the best-separating layer, else the default band."""
    if vector.suggestion is None and (best := best_band(apart, model.n_layers)):
        return best
    return band_of(Channel(vector), model.n_layers)


def best_band(apart: Mapping[int, LayerSeparation], n_layers: int) -> tuple[int, ...]:
    """The best layer and its neighbours with at least 70 % of its held-out d, at most half of all layers.

    The last block is excluded: a change behind it acts on one token only and is the first to break the
    text.
    """
    d = {layer: found.separation.d for layer, found in apart.items() if layer < n_layers - 1}
    if not d:
        return ()
    best = max(d, key=lambda layer: d[layer])
    # Grown outwards from the best layer, so that the band has no holes.
    chosen = [best]
    for step in (-1, 1):
        layer = best + step
        while d.get(layer, -1.0) >= GOOD_SHARE * d[best] and len(chosen) < max(1, len(d) // 2):
            chosen.append(layer)
            layer += step
    return tuple(sorted(chosen))


def default_prompts(model: Model, count: int = len(PROMPTS)) -> Sequence[str]:
    """The default prompts; the demo models get prompts from their own small world."""
    world = world_of(model.name)
    return world.prompts(count, SEED) if world else PROMPTS[:count]
