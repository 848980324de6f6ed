"""`check` on a real model, SmolLM2-135M in float32: what the command costs in a fresh process, loading included.

The model is fetched if it is not there. A vector of one half of a set is checked on the other half. Every run is
`steertui check` in folders of its own, so nothing is remembered from the run before.
"""

from __future__ import annotations

import json
import resource
import subprocess
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.arms import Check, Setting
from core.fetching.job import fetch_job
from core.jobs.job import run_steps
from core.jobs.runner import run
from core.loading.fetched_models import SMOLLM2
from core.model.model import Model
from core.python_child import python_command, python_environment
from vectors.extraction.job import extraction_job

SETS = ("persona", "questions", "empathy", "sycophancy")
MOST_SECONDS = 90.0
FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")


def bench(setting: Setting) -> dict[str, Any]:
    fetched = run_steps(fetch_job({"name": SMOLLM2.name})) or {}
    model = Path(fetched["path"])
    place = ["--device", setting.device]
    with TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.safetensors" for name in SETS}
        for name, out in files.items():
            words = ["extract", "--contrast", name, "--out", str(out), "--holdout", "0.5", "--no-dose"]
            cold_run([*words, *place], model)
        laps = {
            name: [
                cold_run(["check", str(path), "--contrast", name, *place], model)
                for _ in range(setting.repetitions)
            ]
            for name, path in files.items()
        }
    seconds = {name: [lap[0] for lap in found] for name, found in laps.items()}
    verdicts = {name: sorted({lap[1]["verdict"] for lap in found}) for name, found in laps.items()}
    dearest = max(map(median, seconds.values()))
    return {
        "model": f"{SMOLLM2.name}, {setting.device}, processes of their own",
        "verdicts": verdicts,
        "times": [_time_row(name, found) for name, found in seconds.items()],
        "goals": [],
        "checks": [
            Check("seconds of cpu of the dearest check, cold", dearest, MOST_SECONDS).to_json(),
            Check(
                "sets that are not green", sum(found != ["green"] for found in verdicts.values()), 0
            ).to_json(),
        ],
    }


def cold_run(words: list[str], model: Path) -> tuple[float, dict[str, Any]]:
    """CPU seconds and report of one command on the fetched model, in new folders of the user."""
    with TemporaryDirectory() as home:
        places = {name: str(Path(home) / name) for name in FOLDERS}
        for place in places.values():
            Path(place).mkdir(mode=0o700)
        models = Path(places["XDG_DATA_HOME"]) / "steertui" / "models"
        models.mkdir(parents=True)
        (models / SMOLLM2.name).symlink_to(model)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            python_command("steertui", *words, "--model", SMOLLM2.name, "--json", "--no-record", "--own"),
            env=python_environment(**places, OMP_NUM_THREADS="1"),
            stdout=subprocess.PIPE,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, json.loads(done.stdout)


def half_set_vector(model: Model, name: str, folder: Path) -> Path:
    """A vector of one half of a built-in set, made in this process."""
    out = folder / f"{name}.safetensors"
    for _ in run(
        extraction_job(model, {"contrast": name, "out": str(out), "holdout": 0.5, "suggest": False})
    ):
        pass
    return out


def _time_row(name: str, seconds: list[float]) -> dict[str, Any]:
    return {
        "name": f"check {name}",
        "median": 1e6 * median(seconds),
        "low": 1e6 * min(seconds),
        "high": 1e6 * max(seconds),
        "at_most": 1e6 * MOST_SECONDS,
    }
