"""`--estimate` of `extract` and `check` against what the runs then take: ten of different size, demo and SmolLM2.

On a CPU the runs are timed in CPU seconds of one thread, which is what a quiet core takes. A check that is red stops
at its ranks, so there only the time to the ranks can be held against the estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import core
from bench.arms import Check, Setting, read_clock
from core.fetching.job import fetch_job
from core.jobs.job import Artifact, End, Job, Progress, run_steps
from core.jobs.runner import run
from core.loading.fetched_models import SMOLLM2
from core.model.model import Model
from vectors.checks.check import check_job
from vectors.contrasts.catalogue import contrast
from vectors.contrasts.header import SetHeader
from vectors.contrasts.store import save_pairs
from vectors.extraction.job import extraction_job

DEMO = "demo-base"
FACTOR = 2.0
AFTER_RANKS = "texts sampled"
"""What a check counts first once the ranks are known."""


@dataclass(frozen=True)
class TimedRun:
    """One command; `pairs` of the set are taken, 0 for all. A check checks a vector made of them first."""

    verb: str
    model: str
    contrast: str
    pairs: int = 0
    choices: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        how = " ".join(f"{key}={value}" for key, value in self.choices.items())
        return (
            f"{self.verb} {self.contrast}, {self.pairs or 'all'} pairs, {self.model}{', ' * bool(how)}{how}"
        )


SHORT = {"suggest": False}
RUNS = (
    TimedRun("extract", DEMO, "pirate"),
    TimedRun("extract", DEMO, "determined-drifting", 0, SHORT),
    TimedRun("extract", DEMO, "assistant-persona", 40, {"read": "response-mean"}),
    TimedRun("check", DEMO, "pirate"),
    TimedRun("extract", SMOLLM2.name, "empathy", 16, SHORT),
    TimedRun("extract", SMOLLM2.name, "motivation", 40, SHORT | {"layers": "0-14"}),
    TimedRun("extract", SMOLLM2.name, "refusal", 12, SHORT | {"read": "response-mean"}),
    TimedRun("extract", SMOLLM2.name, "persona", 30),
    TimedRun("check", SMOLLM2.name, "questions", 12),
    TimedRun("check", SMOLLM2.name, "empathy", 40),
)


def bench(setting: Setting) -> dict[str, Any]:
    run_steps(fetch_job({"name": SMOLLM2.name}))
    models = {name: core.load(name, device=setting.device) for name in (DEMO, SMOLLM2.name)}
    rows = [row for each in RUNS for row in _compare_run(models[each.model], each, setting)]
    factors = [max(row["ratio"], 1 / row["ratio"]) for row in rows]
    return {
        "model": f"{len(RUNS)} runs on {DEMO} and {SMOLLM2.name}, {setting.device}",
        "goals": [],
        "rows": rows,
        "lines": [
            f"{row['run']}: {row['part']} {row['estimate']:.1f} s estimated, {row['measured']:.1f} measured"
            for row in rows
        ],
        "checks": [
            Check("estimate against measured, the furthest factor", max(factors), FACTOR).to_json(),
            Check("runs", len(RUNS), 10, at_least=True).to_json(),
        ],
    }


def _compare_run(model: Model, run_of: TimedRun, setting: Setting) -> list[dict[str, Any]]:
    """A row for the vector or the ranks, and one for the whole run."""
    with TemporaryDirectory() as folder:
        asked = _parameters(model, run_of, Path(folder))
        job = extraction_job if run_of.verb == "extract" else check_job
        *_, told = run(job(model, asked | {"estimate": True}))
        early, whole, summary = _timed(job(model, asked), setting)
    if not isinstance(told, End):
        raise RuntimeError(f"{run_of} did not estimate")
    foreseen: Any = told.summary["estimate"]
    first = "to_vector" if run_of.verb == "extract" else "to_ranks"
    found = [(first, foreseen[f"seconds_{first}"], early or whole)]
    # A run that stopped at its ranks has no second part.
    if early and summary.get("dose_search") != "skipped":
        found.append(("whole", foreseen["seconds"], whole))
    return [
        {"run": str(run_of), "part": part, "estimate": guess, "measured": took, "ratio": guess / took}
        for part, guess, took in found
    ]


def _parameters(model: Model, run_of: TimedRun, folder: Path) -> dict[str, Any]:
    chosen, name = contrast(run_of.contrast), run_of.contrast
    if run_of.pairs:
        file = folder / f"{name}.jsonl"
        save_pairs(chosen.pairs[: run_of.pairs], file, SetHeader(chosen.read, chosen.poles))
        name = str(file)
    out = str(folder / "v.safetensors")
    made = {"contrast": name, "out": out, "model": model.name} | dict(run_of.choices)
    if run_of.verb == "extract":
        return made
    for _ in run(extraction_job(model, made | SHORT | {"holdout": 0.5})):
        pass
    return {"vector": out, "contrast": name}


def _timed(job: Job, setting: Setting) -> tuple[float, float, Mapping[str, Any]]:
    """(seconds to the vector or the ranks, 0 if a run never came behind them; seconds of all, summary)."""
    began, early = read_clock(setting), 0.0
    for event in run(job):
        behind = isinstance(event, Artifact) or (isinstance(event, Progress) and event.unit == AFTER_RANKS)
        if behind and not early:
            early = read_clock(setting) - began
    if not isinstance(event, End) or event.status != "done":
        raise RuntimeError(f"a run did not end: {event}")
    return early, read_clock(setting) - began, event.summary
