"""Extraction as a job from parameters, from the contrast set to the file on disk."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from core import load
from core.files import expand_home
from core.jobs.job import Artifact, Job, Steps, worker_task
from core.json_values import JsonValue
from core.mixer.layer_ranges import parse_layers
from vectors.contrasts.catalogue import contrast
from vectors.diff.alignment import align_vectors
from vectors.extraction.extract import report_lint, run_extraction
from vectors.extraction.material import read_adapter, read_base, read_pairs, read_tuned
from vectors.extraction.picture import draw_report
from vectors.extraction.published import read_evaluation
from vectors.extraction.request import Recipe
from vectors.extraction.result import Extraction
from vectors.extraction.validate import CHOICES, Params, chosen_options, required_option, validate_request
from vectors.files.opening import open_vector_file
from vectors.files.target import ensure_writable
from vectors.library.reading import read
from vectors.texts.pair import ContrastSet
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

ADAPTER = "adapter_config.json"


def extraction_job(model: Model, params: Params) -> Job:
    """Extraction on the loaded model; a tuned model is loaded in addition."""
    if params.get("tuned"):
        return two_model_job(lambda: load(params["tuned"]), lambda: model, params)
    validate_request(params)
    return _one_model_job(model, params)


def two_model_job(load_tuned: Callable[[], Model], load_base: Callable[[], Model], params: Params) -> Job:
    """Read the tuned model, free it, then load and keep the base: memory holds only one of them at a time."""
    # Not in the generator, whose body runs later: a wrong option is refused at once.
    validate_request(params)
    return _two_model_steps(load_tuned, load_base, params)


def _two_model_steps(load_tuned: Callable[[], Model], load_base: Callable[[], Model], params: Params) -> Job:
    found = contrast(required_option(params, "contrast"))
    if is_adapter(params["tuned"]):
        return (yield from _adapter_job(load_base, found, params))
    tuned = yield worker_task(load_tuned)
    recipe, name = _make_recipe(tuned, params, found), tuned.name
    first = yield from read_tuned(tuned, found, recipe)
    tuned = None  # drops the last reference, so that the tuned model is freed before the base is loaded
    # Modules can be part of reference cycles, which only the collector frees.
    gc.collect()
    base = yield worker_task(load_base)
    origin = f"{name} − {base.name} on {found.name}"
    result = yield from run_extraction(base, found, recipe, read_base(base, first, recipe))
    return (yield from write_result(result, params, recipe.store, origin, base))


def is_adapter(tuned: str) -> bool:
    return (expand_home(tuned) / ADAPTER).is_file()


def state_folder(params: Params, found: ContrastSet) -> Path:
    """The folder that holds the states of exactly this job until it is done."""
    # Without the outputs (file, name, plot): they do not change the states.
    asked = {key: params.get(key) for key in (*CHOICES, "model", "tuned", "layers")}
    identity = json.dumps([asked, found.sha256], sort_keys=True, default=str)
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return Path(platformdirs.user_cache_dir("steertui")) / "extract" / digest


def _one_model_job(model: Model, params: Params) -> Job:
    found = contrast(required_option(params, "contrast"))
    recipe = _make_recipe(model, params, found)
    # Before anything is read: what is wrong with the set is known, and the reading may take long.
    notes = yield from report_lint(found, recipe)
    result = yield from run_extraction(model, found, recipe, read_pairs(model, found, recipe), notes)
    return (yield from write_result(result, params, recipe.store, "", model))


def _adapter_job(load_base: Callable[[], Model], found: ContrastSet, params: Params) -> Job:
    """Difference of one model with its adapter on and off."""
    from core.loading.pretrained import add_adapter

    model = yield worker_task(load_base)
    folder = expand_home(params["tuned"])
    add_adapter(model.hf, folder)
    recipe = _make_recipe(model, params, found)
    result = yield from run_extraction(model, found, recipe, read_adapter(model, found, recipe))
    return (
        yield from write_result(
            result, params, recipe.store, f"{folder.name} on − off on {found.name}", model
        )
    )


def _make_recipe(model: Model, params: Params, found: ContrastSet) -> Recipe:
    band = params.get("layers")
    layers = parse_layers(band, model.n_layers) if isinstance(band, str) else band
    store = _create_folder(state_folder(params, found))
    chosen = {"read": found.read} | chosen_options(params)
    return Recipe(layers=tuple(layers) if layers is not None else None, store=store, **chosen)


def _create_folder(store: Path) -> Path | None:
    """Create the folder; None if that fails: states then stay in memory and a stopped job starts again."""
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return store


def write_result(
    result: Extraction, params: Params, store: Path | None, origin: str, model: Model | None = None
) -> Steps[dict[str, JsonValue]]:
    """Save the vector, optionally align and plot it, then delete the cached states; returns the summary."""
    name = params.get("name") or Path(required_option(params, "out")).stem
    about = replace(result.vector.about, name=name)
    if origin:
        about = replace(about, sign_note="+ = tuned, − = base", source=origin)
    result = replace(result, vector=result.vector.with_about(about))
    summary = result.to_json() | {"out": params["out"]}
    summary["warnings"] = [*result.warnings, *_save_vector(result.vector, params)]
    yield Artifact(str(params["out"]), open_vector_file(params["out"]).sha256, "vector")
    if params.get("vector"):
        other = read(params["vector"], model=model, force=True, measured=False)
        summary["alignment"] = align_vectors(result.vector, other, result.n_effective).to_json()
    if params.get("beside"):
        summary["published"] = read_evaluation(expand_home(params["beside"]))
    if params.get("plot"):
        picture = yield worker_task(partial(draw_report, params["plot"], summary))
        summary["plot"] = str(picture)
        yield Artifact(str(picture), open_vector_file(picture).sha256, "plot")
    # Last: until everything is written, a stopped job can continue from its states.
    if store is not None:
        shutil.rmtree(store, ignore_errors=True)
    return summary


def _save_vector(vector: SteeringVector, params: Params) -> list[str]:
    return list(vector.save(ensure_writable(params["out"]), params.get("to")))
