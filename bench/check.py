"""The check on the demo model: what one costs cold, and that it tells a vector that works from noise."""

from __future__ import annotations

from statistics import median
from typing import Any

import core
from bench.arms import Arm, Check, Setting, race
from core import demo
from core.jobs.job import End
from core.jobs.runner import run
from core.model.model import Model
from vectors.checks.check import check_job

VECTOR = "determined-drifting"
MOST_SECONDS = 20.0


def bench(setting: Setting) -> dict[str, Any]:
    model = core.load(demo.BASE, device=setting.device)
    arms = [Arm("check", lambda: len(_checked(model, VECTOR)["doses"]))]
    seconds = [getattr(lap, setting.clock) for lap in race(arms, setting)["check"]]
    found = _checked(model, VECTOR)
    checks = [
        Check(f"seconds of {setting.clock} for one check", median(seconds), MOST_SECONDS),
        Check("a starter vector is not green", float(found["verdict"] != "green"), 0.0),
    ]
    return {
        "model": f"{demo.BASE}, {VECTOR}",
        "seconds": seconds,
        "goals": [],
        "checks": [check.to_json() for check in checks],
    }


def _checked(model: Model, vector: str) -> dict[str, Any]:
    for event in run(check_job(model, {"vector": vector})):
        if isinstance(event, End):
            return dict(event.summary)
    raise RuntimeError("the check did not end")
