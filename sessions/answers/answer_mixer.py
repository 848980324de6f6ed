"""The mixer that a job of many answers asks for: a mixer as JSON with its vectors' sources, or the push that
one vector's card suggests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import vectors
from core.errors import BadInput
from core.mixer.mixer import Channel, Mixer
from core.model.model import Model


def requested_mixer(model: Model, params: Mapping[str, Any]) -> Mixer:
    """The mixer of `mixer`, or of `vector` as its card suggests; raises if it does not fit."""
    mixer = _saved_mixer(model, params) if params.get("mixer") else _vector_mixer(model, params)
    model.planner.plan([mixer])
    return mixer


def _saved_mixer(model: Model, params: Mapping[str, Any]) -> Mixer:
    sources: Mapping[str, str] = params.get("sources") or {}

    def find(name: str, sha256: str | None) -> Any:
        vector = vectors.read(sources.get(str(sha256), name), model=model, force=bool(params.get("force")))
        if sha256 not in (None, vector.sha256):
            raise BadInput(f"vector {name!r} has changed since the command began")
        return vector

    return Mixer.from_json(params["mixer"], find)


def _vector_mixer(model: Model, params: Mapping[str, Any]) -> Mixer:
    if not params.get("vector"):
        return Mixer()
    return Mixer((Channel.suggested(vectors.read(str(params["vector"]), model=model)),))
