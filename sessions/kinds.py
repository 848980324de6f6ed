"""The kinds of job an engine can be asked for: one entry each, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from core.errors import UsageError
from core.jobs import Job
from sessions.experiments.registry import EXPERIMENTS
from sessions.folder import SUFFIX, Folder

Factory: TypeAlias = Callable[[Any, Mapping[str, Any]], Job]


def _check(instrument: Any, params: Mapping[str, Any]) -> Job:
    """The sixty-second check of a vector: `vector`, and what `vectors.check.job` takes."""
    from vectors.check import job

    return job(_model(instrument, "check"), params)


def _extract(instrument: Any, params: Mapping[str, Any]) -> Job:
    """A vector from a contrast set: `contrast`, `out`, and what `vectors.extraction.job.job` takes. Without a resident
    model, `tuned` and `model` are loaded one after the other, as `loading` says; `ranks` processes load their own."""
    from vectors.extraction.job import job, two_models

    if params.get("ranks"):
        from vectors.extraction import fleet

        return fleet.job({**instrument.loaded, **params} if instrument else params)
    if instrument is None and params.get("tuned"):
        return two_models(partial(_load, params, "tuned"), partial(_load, params, "model"), params)
    model = _model(instrument, "extract")
    return job(model, {"model": model.name, **params})


def _diff(instrument: Any, params: Mapping[str, Any]) -> Job:
    """Two checkpoints compared matrix by matrix: `base`, `tuned`; no model needs to be resident."""
    from vectors.diff.job import job

    return job(params)


def _contrast_make(instrument: Any, params: Mapping[str, Any]) -> Job:
    """A contrast set written by Claude: `set`, `out`, and what `vectors.contrasts.brief` takes; needs no model."""
    from vectors.contrasts.making import written

    return written(params)


def _contrast_answer(instrument: Any, params: Mapping[str, Any]) -> Job:
    """A contrast set answered by the resident model: `set`, `out`, `max_new`, `max_words`."""
    from vectors.contrasts.making import answered

    return answered(_model(instrument, "contrast-answer"), params)


def _themes(instrument: Any, params: Mapping[str, Any]) -> Job:
    """The linearity score of runs: `themes`, and what `vectors.themes.job` takes; the resident model embeds them."""
    from vectors.themes import job

    return job(_model(instrument, "themes"), params)


def _experiment(name: str) -> Factory:
    """What `sessions.experiments` knows by that name, on the resident model."""

    def make(instrument: Any, params: Mapping[str, Any]) -> Job:
        from sessions.experiments import registry
        from sessions.experiments.resident import ResidentVoice

        return registry.job(name, ResidentVoice(_model(instrument, name)), params)

    return make


def _verify(instrument: Any, params: Mapping[str, Any]) -> Job:
    """A recorded session spoken again on a cache of its own: `session` is the folder it lies in."""
    from sessions.reading import read
    from sessions.resident import Resident
    from sessions.verify import verify

    folder = Folder(Path(params.get("session", "")))
    reading = read(folder.journal)
    return verify(Resident(_model(instrument, "verify")), reading.records, kept_vectors(folder))


def kept_vectors(folder: Folder) -> dict[str, Any]:
    """The vectors a session played, by content, from the copies it kept."""
    import vectors

    found = [vectors.read(path) for path in sorted(folder.vectors.glob(f"*{SUFFIX}"))]
    return {vector.sha256: vector for vector in found}


def _load(params: Mapping[str, Any], which: str) -> Any:
    import core

    return core.load(params[which], **params.get("loading", {}))


def _model(instrument: Any, kind: str) -> Any:
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
    "verify": _verify,
    **{name: _experiment(name) for name in EXPERIMENTS},
}
