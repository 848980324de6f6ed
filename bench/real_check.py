"""`check` on a real model, SmolLM2-135M in float32: what one costs, for vectors of half a contrast set each.

The model is fetched if it is not there. A vector of one half of a set is checked on the other half.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import core
from bench.arms import Check, Setting
from core.fetching.job import fetch_job
from core.jobs.job import End, run_steps
from core.jobs.runner import run
from core.loading.fetched_models import SMOLLM2
from core.model.model import Model
from vectors.checks.check import check_job
from vectors.extraction.job import extraction_job

SETS = ("persona", "questions", "empathy", "sycophancy")
MOST_SECONDS = 90.0


def bench(setting: Setting) -> dict[str, Any]:
    run_steps(fetch_job({"name": SMOLLM2.name}))
    model = core.load(SMOLLM2.name, device=setting.device)
    with TemporaryDirectory() as folder:
        files = {name: half_set_vector(model, name, Path(folder)) for name in SETS}
        laps = {
            name: [_check_seconds(model, path, name) for _ in range(setting.repetitions)]
            for name, path in files.items()
        }
    return {
        "model": f"{model.name}, {model.n_layers} layers × {model.hidden_size}, {model.dtype}",
        "times": [
            {
                "name": f"check {name}",
                "median": 1e6 * median(seconds),
                "low": 1e6 * min(seconds),
                "high": 1e6 * max(seconds),
                "at_most": 1e6 * MOST_SECONDS,
            }
            for name, seconds in laps.items()
        ],
        "goals": [],
        "checks": [
            Check("seconds of cpu of the dearest", max(map(median, laps.values())), MOST_SECONDS).to_json()
        ],
    }


def half_set_vector(model: Model, name: str, folder: Path) -> Path:
    out = folder / f"{name}.safetensors"
    for _ in run(
        extraction_job(model, {"contrast": name, "out": str(out), "holdout": 0.5, "suggest": False})
    ):
        pass
    return out


def _check_seconds(model: Model, vector: Path, name: str) -> float:
    began = time.process_time()
    *_, end = run(check_job(model, {"vector": str(vector), "contrast": name}))
    if not isinstance(end, End) or end.status != "done":
        raise RuntimeError(f"the check of {name} did not end")
    return time.process_time() - began
