"""Proposes an output path named after a job's input: a vector in the library, or a contrast set in the
folder where the app was started.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sessions.job_specs.offer import JobParam, JobSpec

SUFFIXES = {"vector": ".safetensors", "contrast set": ".jsonl"}


def proposed_path(offer: JobSpec, param: JobParam, texts: Mapping[str, str]) -> str:
    """A path that does not exist yet; empty if none is needed or the input is not filled in."""
    if param.holds not in SUFFIXES or not param.required:
        return ""
    others = [each for each in offer.params if each.required and each is not param and texts.get(each.name)]
    stem = (
        re.sub(r"[^A-Za-z0-9._-]+", "-", Path(texts[others[0].name]).stem).strip(".-")[:80] if others else ""
    )
    return str(_free_path(param.holds, stem)) if stem else ""


def _free_path(holds: str, stem: str) -> Path:
    """The first unused path of stem, stem-2, stem-3, …"""
    from vectors.library import library

    folder = library.library_folder() if holds == "vector" else Path.cwd()
    taken = (
        set(library.vector_paths()) if holds == "vector" else {path.stem for path in folder.glob("*.jsonl")}
    )
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return folder / f"{next(name for name in names if name not in taken)}{SUFFIXES[holds]}"
