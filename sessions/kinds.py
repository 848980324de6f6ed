"""The kinds of job an engine can be asked for: one entry each, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.errors import UsageError
from core.jobs import Job


def _check(instrument: Any, params: Mapping[str, Any]) -> Job:
    """The sixty-second check of a vector: `vector`, and what `vectors.check` takes."""
    import vectors
    from vectors import check, library

    model = _model(instrument, "check")
    settings = dict(params)
    if "vector" not in settings:
        raise UsageError("check needs the name or the file of a vector")
    vector = vectors.read(library.find(settings.pop("vector")), model=model)
    return check.check(model, vector, **settings)


def _model(instrument: Any, kind: str) -> Any:
    if instrument is None:
        raise UsageError(f"{kind} needs a model, and none is loaded")
    return instrument.model


JOBS: Mapping[str, Callable[[Any, Mapping[str, Any]], Job]] = {"check": _check}
