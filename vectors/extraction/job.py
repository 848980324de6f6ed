"""Extraction as a job from parameters, from the contrast set to the file on disk."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from core import load
from core.errors import SteerError
from core.files import expand_home
from core.jobs.job import Artifact, Cancelled, Job, Steps, worker_task
from core.json_values import JsonValue
from core.mixer.layer_ranges import parse_layers
from vectors.contrasts.catalogue import contrast
from vectors.data.report_values import texts_at
from vectors.diff.alignment import align_vectors
from vectors.extraction.cost import estimate_job
from vectors.extraction.dose_material import DoseMaterial
from vectors.extraction.extract import add_dose, report_lint, run_extraction
from vectors.extraction.material import read_adapter, read_base, read_pairs, read_tuned
from vectors.extraction.picture import draw_report
from vectors.extraction.published import read_evaluation
from vectors.extraction.request import Recipe
from vectors.extraction.result import Extraction
from vectors.extraction.validate import CHOICES, Params, chosen_options, required_option, validate_request
from vectors.files.opening import open_vector_file
from vectors.files.target import ensure_writable
from vectors.library.reading import read
from vectors.statistics.json_numbers import json_safe
from vectors.texts.pair import ContrastSet
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

ADAPTER = "adapter_config.json"
FOUND, SKIPPED, STOPPED, FAILED = "found", "skipped", "stopped", "failed"
"""How the search for a dose ended, as the summary says it."""


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
    if params.get("estimate"):
        # The two are alike, so one of them tells the pace.
        base = yield worker_task(load_base)
        recipe = _make_recipe(base, params, found)
        return (yield from _estimate(base, found, recipe, compares_models=True))
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
    made = yield from run_extraction(base, found, recipe, read_base(base, first, recipe))
    return (yield from _write_and_dose(made, params, recipe, origin, base))


def _estimate(model: Model, found: ContrastSet, recipe: Recipe, *, compares_models: bool) -> Job:
    # The folder for states stays only if an earlier run left some in it.
    if recipe.store is not None:
        with suppress(OSError):
            recipe.store.rmdir()
    return (yield from estimate_job(model, found, recipe, compares_models=compares_models))


def is_adapter(tuned: str) -> bool:
    return (expand_home(tuned) / ADAPTER).is_file()


def state_folder(params: Params, found: ContrastSet) -> Path:
    """The folder that holds the states of exactly this job until it is done."""
    # Without the outputs (file, name, plot): they do not change the states.
    asked = {key: params.get(key) for key in (*CHOICES, "model", "tuned", "layers")}
    if params.get("template_arg"):
        asked["template_arg"] = params["template_arg"]
    identity = json.dumps([asked, found.sha256], sort_keys=True, default=str)
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return Path(platformdirs.user_cache_dir("steertui")) / "extract" / digest


def _one_model_job(model: Model, params: Params) -> Job:
    found = contrast(required_option(params, "contrast"))
    recipe = _make_recipe(model, params, found)
    if params.get("estimate"):
        return (yield from _estimate(model, found, recipe, compares_models=False))
    # Before anything is read: what is wrong with the set is known, and the reading may take long.
    notes = yield from report_lint(found, recipe)
    made = yield from run_extraction(model, found, recipe, read_pairs(model, found, recipe), notes)
    return (yield from _write_and_dose(made, params, recipe, "", model))


def _adapter_job(load_base: Callable[[], Model], found: ContrastSet, params: Params) -> Job:
    """Difference of one model with its adapter on and off."""
    from core.loading.pretrained import add_adapter

    model = yield worker_task(load_base)
    folder = expand_home(params["tuned"])
    add_adapter(model.hf, folder)
    recipe = _make_recipe(model, params, found)
    made = yield from run_extraction(model, found, recipe, read_adapter(model, found, recipe))
    origin = f"{folder.name} on − off on {found.name}"
    return (yield from _write_and_dose(made, params, recipe, origin, model))


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


def _write_and_dose(
    made: tuple[Extraction, DoseMaterial], params: Params, recipe: Recipe, origin: str, model: Model
) -> Steps[dict[str, JsonValue]]:
    """Write the vector as soon as it is measured; then search its dose, which goes on the card of the file."""
    result = name_result(made[0], params, origin)
    summary = yield from write_result(result, params, model)
    if recipe.suggest:
        found, said = yield from _search_dose(result, made[1], params, recipe, model)
        summary |= {**found, "warnings": [*texts_at(summary, "warnings"), *said]}
    # Last: until everything is done, the same command continues from the states.
    if summary["dose_search"] != STOPPED:
        remove_states(recipe.store)
    return summary


def _search_dose(
    result: Extraction, material: DoseMaterial, params: Params, recipe: Recipe, model: Model
) -> Steps[tuple[dict[str, JsonValue], list[str]]]:
    """(facts, warnings) of the last stage; however it ends, the vector that was written stays usable."""
    written = open_vector_file(params["out"]).sha256
    try:
        found = yield from add_dose(model, result, material, recipe.seed)
    except Cancelled:
        return {"dose_search": STOPPED}, [f"stopped before a dose was found: {_later(params)}"]
    except SteerError as problem:
        return {"dose_search": FAILED}, [f"no dose was found: {problem}"]
    facts = {"suggestion": found.vector.suggestion, "dose": json_safe(found.dose), "dose_search": FAILED}
    said = list(found.warnings[len(result.warnings) :])
    if found.vector.suggestion is None:
        return facts, said
    if not _is_still(params["out"], written):
        return facts | {"dose_search": FOUND}, [
            *said,
            "the file was changed meanwhile: its card is left alone",
        ]
    # The whole file again, replaced at once: a reader meets the old card or the new one.
    _save_vector(found.vector, params)
    yield Artifact(str(params["out"]), open_vector_file(params["out"]).sha256, "vector")
    return facts | {"dose_search": FOUND}, said


def _is_still(path: str, sha256: str) -> bool:
    try:
        return open_vector_file(path).sha256 == sha256
    except SteerError:
        return False


def _later(params: Params) -> str:
    return (
        f"the vector is in {params['out']}, and the same command, or"
        f" steertui check {params['out']} --contrast {params['contrast']}, finds one"
    )


def remove_states(store: Path | None) -> None:
    if store is not None:
        shutil.rmtree(store, ignore_errors=True)


def name_result(result: Extraction, params: Params, origin: str = "") -> Extraction:
    name = params.get("name") or Path(required_option(params, "out")).stem
    about = replace(result.vector.about, name=name)
    if origin:
        about = replace(about, sign_note="+ = tuned, − = base", source=origin)
    return replace(result, vector=result.vector.with_about(about))


def write_result(
    result: Extraction, params: Params, model: Model | None = None
) -> Steps[dict[str, JsonValue]]:
    """Save the vector, optionally align and plot it; returns the summary."""
    summary = result.to_json() | {"out": params["out"], "dose_search": SKIPPED}
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
    return summary


def _save_vector(vector: SteeringVector, params: Params) -> list[str]:
    return list(vector.save(ensure_writable(params["out"]), params.get("to")))
