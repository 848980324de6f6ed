"""The job kinds of the engine: a registry of factories that import their code only when called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from core.errors import UsageError
from core.jobs.job import Job
from sessions.experiments.registry import EXPERIMENTS
from sessions.journal.folder import SessionFolder

Factory: TypeAlias = Callable[[Any, Mapping[str, Any]], Job]


def _check(instrument: Any, params: Mapping[str, Any]) -> Job:
    """Check a vector; `vector`, and the parameters of `vectors.checks.check.check_job`."""
    from vectors.checks.check import check_job

    return check_job(_require_model(instrument, "check"), params)


def _extract(instrument: Any, params: Mapping[str, Any]) -> Job:
    """Extract a vector from a contrast set: `contrast`, `out`, and the parameters of
    `vectors.extraction.job.job`. Without a loaded model, `tuned` and `model` are loaded one after the
    other with the options `loading`; with `ranks`, each process loads its own model.
    """
    from vectors.extraction.job import extraction_job, two_model_job

    if params.get("ranks"):
        from vectors.extraction.distributed import launcher

        return launcher.distributed_job({**instrument.load_params, **params} if instrument else params)
    if instrument is None and params.get("tuned"):
        return two_model_job(
            partial(_load_model, params, "tuned"), partial(_load_model, params, "model"), params
        )
    model = _require_model(instrument, "extract")
    return extraction_job(model, {"model": model.name, **params})


def _diff(instrument: Any, params: Mapping[str, Any]) -> Job:
    """Compare two checkpoints matrix by matrix: `base`, `tuned`; needs no loaded model."""
    from vectors.diff.job import diff_job

    return diff_job(params)


def _contrast_make(instrument: Any, params: Mapping[str, Any]) -> Job:
    """Have Claude write a contrast set: `set`, `out`, and the parameters of `vectors.contrasts.writing.brief`; needs
    no model.
    """
    from vectors.contrasts.writing.job import write_with_claude

    return write_with_claude(params)


def _contrast_answer(instrument: Any, params: Mapping[str, Any]) -> Job:
    """Have the loaded model answer a contrast set: `set`, `out`, `max_new`, `max_words`."""
    from vectors.contrasts.writing.job import answer_with_model

    return answer_with_model(_require_model(instrument, "contrast-answer"), params)


def _models_get(instrument: Any, params: Mapping[str, Any]) -> Job:
    """Fetch a model: `name`; needs no loaded model."""
    from core.fetching.job import fetch_job

    return fetch_job(params)


def _answers(instrument: Any, params: Mapping[str, Any]) -> Job:
    """Answer many prompts in lanes: `prompt` or `prompts`, `doses`, `batch`, and a mixer or a vector."""
    from sessions.answers.answers_job import answers_job

    return answers_job(_require_model(instrument, "answers"), params)


def _themes(instrument: Any, params: Mapping[str, Any]) -> Job:
    """The linearity score of runs: `themes`, and the parameters of `vectors.themes.themes`; the loaded model
    embeds them, or a file of `embeddings`.
    """
    from vectors.themes.themes import themes_job

    return themes_job(None if params.get("embeddings") else _require_model(instrument, "themes"), params)


def _experiment(name: str) -> Factory:
    """The factory of the experiment `name` from `sessions.experiments`, run on the loaded model."""

    def make(instrument: Any, params: Mapping[str, Any]) -> Job:
        from sessions.experiments import registry
        from sessions.experiments.scoring.model_sampler import TorchSampler

        return registry.experiment_job(name, TorchSampler(_require_model(instrument, name)), params)

    return make


def _verify(instrument: Any, params: Mapping[str, Any]) -> Job:
    """Replay and compare a recorded session on a fresh cache; `session` is its folder."""
    from sessions.journal.reader import read
    from sessions.live.torch_backend import TorchModel
    from sessions.recorded.kept_vectors import read_kept_vectors
    from sessions.recorded.verify import verify

    folder = SessionFolder(Path(params.get("session", "")))
    reading = read(folder.journal)
    return verify(
        TorchModel(_require_model(instrument, "verify")), reading.records, read_kept_vectors(folder)
    )


def _load_model(params: Mapping[str, Any], which: str) -> Any:
    import core

    return core.load(params[which], **params.get("loading", {}))


def _require_model(instrument: Any, kind: str) -> Any:
    if instrument is None:
        raise UsageError(f"{kind} needs a model, and none is loaded")
    return instrument.model


JOBS: Mapping[str, Factory] = {
    "check": _check,
    "extract": _extract,
    "diff": _diff,
    "contrast-make": _contrast_make,
    "contrast-answer": _contrast_answer,
    "themes": _themes,
    "models-get": _models_get,
    "answers": _answers,
    "verify": _verify,
    **{name: _experiment(name) for name in EXPERIMENTS},
}
