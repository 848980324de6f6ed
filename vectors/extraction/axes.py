"""Metrics as llm-personality-axes defines them, for comparison with its published tables.

d = (x̄ − ȳ) / √((sₓ² + s_y²) / 2) with population variances (0 where nothing varies); accuracy counts x >
0 and y < 0; the best layer has the highest (accuracy, d), the first one among equals. Seed 42 and a
hold-out of 0.2 reproduce its split as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.json_values import JsonValue
from vectors.statistics import metrics


def axes_metrics(x: ArrayLike, y: ArrayLike) -> dict[str, JsonValue]:
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    stds = [float(a.std()), float(b.std())]
    return {
        "d": metrics.population_d(a, b) if any(stds) else 0.0,
        "accuracy": int(np.count_nonzero(a > 0) + np.count_nonzero(b < 0)) / (a.size + b.size),
        "means": [float(a.mean()), float(b.mean())],
        "stds": stds,
    }
