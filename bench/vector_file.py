"""A large vector in the native format: CPU seconds to read it and to save one that was just made."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import vectors
from bench.arms import Check, Setting

LAYERS, WIDTH = 126, 16384
MOST_SECONDS_READING, MOST_SECONDS_SAVING = 0.6, 0.8


def bench(setting: Setting) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    rows = {layer: generator.standard_normal(WIDTH).astype(np.float32) for layer in range(LAYERS)}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "large.safetensors"
        saving = _seconds(lambda: vectors.SteeringVector(rows).save(path), setting.repetitions)
        reading = _seconds(lambda: vectors.read(path), setting.repetitions)
        same = vectors.read(path) == vectors.SteeringVector(rows)
    checks = [
        Check("CPU seconds to read it", median(reading), MOST_SECONDS_READING),
        Check("CPU seconds to save it", median(saving), MOST_SECONDS_SAVING),
        Check("what was read is another vector", float(not same), 0.0),
    ]
    return {
        "model": f"{LAYERS} layers of {WIDTH:,}",
        "seconds": {"read": reading, "save": saving},
        "goals": [],
        "checks": [check.to_json() for check in checks],
    }


def _seconds(work: Callable[[], object], repetitions: int) -> list[float]:
    """Never wall time: neither needs a GPU, and other programs may have the core in between."""
    laps = []
    for _ in range(repetitions):
        began = time.process_time()
        work()
        laps.append(time.process_time() - began)
    return laps
