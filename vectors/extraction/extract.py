"""Extraction: read both classes, fit the direction, evaluate it on held-out pairs; then find a dose for it.

`run_extraction` makes the vector, `add_dose` completes its card; `extract` runs both in a notebook.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers

from core.errors import BadInput
from core.jobs.job import Job, Progress, Row, Steps, worker_task
from core.jobs.runner import run
from core.mixer.layer_ranges import write_layers
from vectors.contrasts.lint.lint import lint_set
from vectors.data import model_shape
from vectors.data.metadata import About
from vectors.data.report_values import Report, number_at
from vectors.extraction.dose_material import DoseMaterial
from vectors.extraction.layer_quality import LayerFinding, measure_layer
from vectors.extraction.material import Material, read_pairs, read_two_models
from vectors.extraction.ranking import best_layer, perfect_separation
from vectors.extraction.request import Recipe
from vectors.extraction.result import Extraction
from vectors.methods.registry import METHODS
from vectors.statistics.json_numbers import json_safe
from vectors.statistics.significance import holm_correction
from vectors.texts.pair import ContrastPair, ContrastSet, PairInput, Split, split_pairs
from vectors.texts.thinking import spoken_facts
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

LINTED = "contrast set"
"""Table of what the lint has found; its rows come first."""
CORRECTED = "corrected over layers"
"""Table of the p-values that need all layers to be measured first."""
NOT_STEERING = (
    "it separates the classes but on no tried band does it affect the model more than random vectors"
)


def extract(
    model: Model,
    pairs: ContrastSet | Iterable[PairInput],
    method: str = "mean",
    read: str | None = None,
    holdout: float = 0.2,
    batch_tokens: int | None = None,
    *,
    tuned: Model | None = None,
    **choices: Any,
) -> Extraction:
    """Run the whole extraction: read the states, fit a direction per layer, evaluate it, suggest a dose.

    Args:
        model: The loaded model that the vector is for.
        pairs: A contrast set, or an iterable of (positive, negative); a side is a text, messages or token ids.
        method: How the direction is fitted, such as mean, pca-diff or logistic.
        read: Which token positions are read, such as last, response-mean or span:-4: (see `position_spec`); without it
            the read that the set says fits it.
        holdout: Share of the pairs that only evaluate the direction.
        batch_tokens: Most tokens of one batch, padding included; without it the device's default.
        tuned: A fine-tuned model: the vector is then its states minus those of `model` on the texts of the set.
        **choices: Other fields of `Recipe`: layers, seed, rule, reply_tokens, suggest, store.

    Example:
        >>> model = core.load("demo-instruct")
        >>> found = vectors.extract(model, vectors.contrast("pirate"))
        >>> found.vector.save("pirate.gguf")
    """
    found: list[Extraction] = []
    contrast = as_contrast_set(pairs)
    settings: dict[str, Any] = {
        "method": method,
        "read": contrast.read if read is None else read,
        "holdout": holdout,
        "batch_tokens": batch_tokens,
    } | choices

    def job(recipe: Recipe) -> Job:
        # Two models are compared on every text, whatever its side.
        notes = (yield from report_lint(contrast, recipe)) if tuned is None else ()
        reading = (
            read_pairs(model, contrast, recipe)
            if tuned is None
            else read_two_models(model, tuned, contrast, recipe)
        )
        result, material = yield from run_extraction(model, contrast, recipe, reading, notes)
        if recipe.suggest:
            result = yield from add_dose(model, result, material, recipe.seed)
        # A job returns a JSON summary, so the result itself leaves by this list.
        found.append(result)
        return {}

    # The states are mapped from files, so they need not fit into memory.
    with tempfile.TemporaryDirectory(prefix="states-") as folder:
        for _ in run(job(Recipe(**{"store": Path(folder)} | settings))):
            pass
    return found[0]


def report_lint(contrast: ContrastSet, recipe: Recipe) -> Steps[tuple[str, ...]]:
    """Report what speaks against the set, one row per finding; returns the sentences."""
    found = yield worker_task(partial(lint_set, contrast.validated(), recipe.read, recipe.holdout))
    for number, finding in enumerate(found, start=1):
        yield Row(LINTED, f"{number} {finding.kind}", {"finding": finding.message})
    return tuple(finding.message for finding in found)


def run_extraction(
    model: Model,
    contrast: ContrastSet,
    recipe: Recipe,
    reading: Steps[Material],
    notes: tuple[str, ...] = (),
) -> Steps[tuple[Extraction, DoseMaterial]]:
    """Read the states with `reading` (see `material`), then measure; each layer's row is reported when
    ready. `notes` are warnings about the set, which come before all others.
    """
    material: Material = yield from reading
    # By key, so that a repeated pair never stands on both sides of the split.
    parts = split_pairs(material.keys, recipe.holdout, recipe.seed)
    findings = yield from _measure_layers(model, material, parts, recipe)
    metrics = {layer: dict(found.metrics) for layer, found in findings.items()}
    # Holm's correction needs the p-values of all layers, hence after the last one.
    if parts.holdout:
        for layer, p in holm_correction(
            {layer: number_at(found, "p") for layer, found in metrics.items()}
        ).items():
            metrics[layer]["p_holm"] = p
            yield Row(CORRECTED, str(layer), {"p_holm": p})
    best = best_layer(metrics, recipe.rule, model.n_layers)
    vector = _build_vector(model, contrast, recipe, findings, metrics, best, material)
    doubts = (*notes, *contrast.warnings, *_warnings(recipe, parts, material, findings))
    found_in = (*doubts, *filter(None, [vector.about.separation_note]))
    spoken = spoken_facts(model, recipe.template_args, material.notes)
    vector = vector.with_about(replace(vector.about, metrics={**vector.about.metrics, **spoken}))
    result = Extraction(vector, metrics, best, material.n_effective, found_in, spoken=spoken)
    apart = {layer: found.apart for layer, found in findings.items() if found.apart is not None}
    judged = None if material.compares_models else contrast
    return result, DoseMaterial(material, judged, apart, recipe.template_args)


def add_dose(model: Model, result: Extraction, material: DoseMaterial, seed: int) -> Steps[Extraction]:
    """The same result with a suggestion on the vector's card, or a warning that says why there is none."""
    # The search generates texts; the token loop is not imported for an extraction without it.
    from vectors.extraction.suggest import search_dose

    found = yield from search_dose(model, result.vector, material, seed)
    vector = result.vector.with_about(replace(result.vector.about, suggestion=found.suggestion))
    return replace(result, vector=vector, dose=found.facts, warnings=(*result.warnings, *found.warnings))


def as_contrast_set(pairs: ContrastSet | Iterable[PairInput]) -> ContrastSet:
    if isinstance(pairs, ContrastSet):
        return pairs
    return ContrastSet(
        "pairs", tuple(pair if isinstance(pair, ContrastPair) else ContrastPair(*pair) for pair in pairs)
    )


def _measure_layers(
    model: Model, material: Material, parts: Split, recipe: Recipe
) -> Steps[dict[int, LayerFinding]]:
    findings: dict[int, LayerFinding] = {}
    for number, (layer, positive) in enumerate(material.positive.items(), start=1):
        negative = material.negative[layer]
        arrays = positive.numpy(), negative.numpy()
        # On a worker thread: statistics on the CPU must not hold up the GPU.
        found: LayerFinding | None = yield worker_task(
            partial(measure_layer, *arrays, parts, recipe.method, material.labels, recipe.seed)
        )
        if found is not None:
            findings[layer] = found = found.with_relative_norm(model.residual_norms[layer])
            yield Row("layers", str(layer), json_safe(found.metrics))
        yield Progress(number, len(material.positive), "layers measured")
    if not findings:
        raise BadInput("both sides have the same state at the token that is read: try --read last")
    return findings


def _build_vector(
    model: Model,
    contrast: ContrastSet,
    recipe: Recipe,
    findings: Mapping[int, LayerFinding],
    metrics: Mapping[int, Report],
    best: int | None,
    material: Material,
) -> SteeringVector:
    """The vector with its metadata; it has no timestamp, so that the same job writes the same bytes."""
    known = model_shape.shape_of_model(model)
    # Two models differ on every text: that says nothing of the set.
    note = "" if material.compares_models else perfect_separation(metrics, model.n_layers)
    about = About(
        name=contrast.name,
        model_id=model.name,
        model_type=known.model_type,
        n_layers=known.n_layers,
        method=recipe.method,
        read=recipe.read,
        contrast=contrast.name,
        dataset_sha256=contrast.sha256,
        sign_note=contrast.sign_note,
        act_norms=dict(model.residual_norms),
        stats={layer: found.stats for layer, found in findings.items()},
        metrics=json_safe(
            {
                "layers": {str(layer): found for layer, found in metrics.items()},
                "best_layer": best,
                **_hold_out_facts(recipe, material, metrics),
                **({"separation_note": note} if note else {}),
            }
        ),
        versions={"torch": torch.__version__, "transformers": transformers.__version__},
    )
    return SteeringVector({layer: found.raw for layer, found in findings.items()}, about=about)


def _hold_out_facts(recipe: Recipe, material: Material, metrics: Mapping[int, Report]) -> Report:
    """What a check must know to judge on pairs that did not make the vector."""
    # A set too small for a hold-out has none, whatever was asked for.
    measured = any(found["n_holdout"] for found in metrics.values())
    return {
        "holdout": recipe.holdout if measured else 0.0,
        "seed": recipe.seed,
        "split": "texts" if material.compares_models else "pairs",
        "n_split": material.n_effective,
    }


def _warnings(
    recipe: Recipe, parts: Split, material: Material, findings: Mapping[int, LayerFinding]
) -> tuple[str, ...]:
    said = [METHODS[recipe.method].warning]
    if not parts.holdout and recipe.holdout:
        said.append(
            f"{len(material.keys)} pairs are too few for a hold-out of {recipe.holdout:g}: no d, no accuracy"
        )
    if material.n_effective < len(material.keys):
        said.append(f"{len(material.keys)} pairs, but only {material.n_effective} different ones")
    if same := [layer for layer in material.positive if layer not in findings]:
        said.append(f"layers {write_layers(tuple(same))} are the same on both sides and were left out")
    return tuple(filter(None, said))
