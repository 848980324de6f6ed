"""The models that can be loaded, with memory estimates for the engine's machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.loading.fetched_models import FETCHABLE, FetchableModel, fetched_folder
from sessions.journal import events as ev
from steertui.catalogue import ModelEntry, list_models

ITEM = {"float32": 4, "bfloat16": 2, "float16": 2}


def models_reply(resident: ev.ModelChanged | None) -> dict[str, Any]:
    """Every local model with the memory it needs, and whether it fits after the current model is unloaded;
    beside them the models that `models-get` could fetch.
    """
    from core.loading import memory, placement

    place = placement.choose_placement()
    # The current model is unloaded first, so its memory counts as free.
    free = place.available_bytes() + (_resident_bytes(resident.facts) if resident else 0)
    kept = place.dtype is None
    rows = [_row(entry, _needed_bytes(entry, kept), free, memory.WORK_SPACE) for entry in list_models()]
    fetchable = [_fetchable_row(model) for model in FETCHABLE.values() if not fetched_folder(model.name)]
    facts = resident.facts if resident else {}
    return {
        "models": rows,
        "fetchable": fetchable,
        "free": free,
        "where": place.device_label,
        "snapshots": facts.get("snapshots"),
    }


def _row(entry: ModelEntry, needed: int, free: int, room: float) -> dict[str, Any]:
    fits = entry.problem is None and needed * room <= free
    return asdict(entry) | {"folder": str(entry.folder), "needs": needed, "fits": fits}


def _fetchable_row(model: FetchableModel) -> dict[str, Any]:
    sizes = {"download": model.wheel_bytes, "disk": model.folder_bytes}
    return {"name": model.name, "about": model.about, "licence": model.licence} | sizes


def _needed_bytes(entry: ModelEntry, kept: bool) -> int:
    """Bytes of the weights as stored, or in float32 if they are converted for the CPU."""
    return entry.weight_bytes if kept else entry.weight_bytes * 4 // ITEM.get(entry.dtype or "", 4)


def _resident_bytes(facts: Mapping[str, Any]) -> int:
    return int(facts.get("parameters", 0)) * ITEM.get(str(facts.get("dtype", "")), 4)
