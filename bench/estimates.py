"""`extract --estimate` against what the run then takes: ten runs of different size, on the demo and on SmolLM2."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import core
from bench.arms import Check, Setting
from core.fetching.job import fetch_job
from core.jobs.job import Artifact, End, run_steps
from core.jobs.runner import run
from core.loading.fetched_models import SMOLLM2
from core.model.model import Model
from vectors.extraction.job import extraction_job

DEMO = "demo-base"
RUNS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (DEMO, "pirate", {}),
    (DEMO, "determined-drifting", {"suggest": False}),
    (DEMO, "assistant-persona", {"method": "pca-centered"}),
    (DEMO, "pirate", {"layers": "0-3", "suggest": False}),
    (DEMO, "pirate", {"read": "response-mean"}),
    (SMOLLM2.name, "persona", {}),
    (SMOLLM2.name, "persona", {"suggest": False}),
    (SMOLLM2.name, "empathy", {"suggest": False}),
    (SMOLLM2.name, "questions", {}),
    (SMOLLM2.name, "motivation", {"layers": "0-14", "suggest": False}),
)
FACTOR = 2.0


def bench(setting: Setting) -> dict[str, Any]:
    run_steps(fetch_job({"name": SMOLLM2.name}))
    models = {name: core.load(name, device=setting.device) for name in (DEMO, SMOLLM2.name)}
    rows = [_compare_run(models[name], contrast, choices) for name, contrast, choices in RUNS]
    ratios = [row[f"{part}_ratio"] for row in rows for part in ("vector", "whole")]
    furthest = max(max(ratio, 1 / ratio) for ratio in ratios)
    return {
        "model": f"{len(rows)} runs on {DEMO} and {SMOLLM2.name}, {setting.device}",
        "goals": [],
        "rows": rows,
        "checks": [
            Check("estimate against measured, the furthest factor", furthest, FACTOR).to_json(),
            Check("estimate / measured, median", median(ratios), FACTOR).to_json(),
        ],
    }


def _compare_run(model: Model, contrast: str, choices: dict[str, Any]) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        asked = {
            "contrast": contrast,
            "out": str(Path(folder) / "v.safetensors"),
            "model": model.name,
        } | choices
        *_, told = run(extraction_job(model, asked | {"estimate": True}))
        began, vector = time.perf_counter(), 0.0
        for event in run(extraction_job(model, asked)):
            if isinstance(event, Artifact) and not vector:
                vector = time.perf_counter() - began
    whole = time.perf_counter() - began
    if not isinstance(told, End) or not isinstance(event, End) or event.status != "done":
        raise RuntimeError(f"{contrast} did not end")
    foreseen = told.summary["estimate"]
    return {
        "model": model.name,
        "set": contrast,
        "options": choices,
        "estimate": foreseen,
        "vector": vector,
        "whole": whole,
        "vector_ratio": foreseen["seconds_to_vector"] / vector,
        "whole_ratio": foreseen["seconds"] / whole,
    }
