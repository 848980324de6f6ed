"""Every English set on a real model, SmolLM2-135M in float32: one half makes the vector, the other half judges it.

The extraction and the check are the commands, in processes of their own; only the intervals of d over pairs and over
domains are computed here. Of four sets the check has to be green, of prescriptiveness not red; the others are told as
they come. This is the table of docs/methods.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import core
from bench.arms import Check, Setting
from bench.real_check import SETS as GREEN
from bench.real_check import cold_run
from core.activations.capture import capture_steps, empty_rows, store_in
from core.fetching.job import fetch_job
from core.jobs.job import Steps, run_steps
from core.loading.fetched_models import SMOLLM2
from core.model.model import Model
from vectors.contrasts import english
from vectors.contrasts.catalogue import contrast
from vectors.library.reading import read
from vectors.statistics.metrics import RESAMPLES, cohens_d
from vectors.texts.pair import split_pairs
from vectors.texts.position_spec import read_positions
from vectors.texts.tokenized import tokenize_text

NOT_RED = "prescriptiveness"


def bench(setting: Setting) -> dict[str, Any]:
    path = Path((run_steps(fetch_job({"name": SMOLLM2.name})) or {})["path"])
    model = core.load(SMOLLM2.name, device=setting.device)
    found = {}
    with TemporaryDirectory() as folder:
        for made in english.SETS:
            row = run_steps(set_row(model, made.name, path, Path(folder), setting.device))
            found[made.name] = row
            # A set takes minutes: what is known of it is shown as it comes.
            print(f"  {made.name}:", json.dumps(row), file=sys.stderr)
    colours = {name: row["verdict"] for name, row in found.items()}
    return {
        "model": f"{model.name}, {model.dtype}",
        "sets": found,
        "goals": [],
        "checks": [
            Check("sets that are not green", sum(colours[name] != "green" for name in GREEN), 0).to_json(),
            Check(f"{NOT_RED} is red", float(colours[NOT_RED] == "red"), 0).to_json(),
        ],
    }


def set_row(model: Model, name: str, path: Path, folder: Path, device: str) -> Steps[dict[str, Any]]:
    """One row of the table."""
    out, place = folder / f"{name}.safetensors", ["--device", device]
    words = ["extract", "--contrast", name, "--out", str(out), "--holdout", "0.5", "--no-dose"]
    _, made = cold_run([*words, *place], path)
    spent, report = cold_run(["check", str(out), "--contrast", name, *place], path)
    return check_figures(report) | {
        "cpu": spent,
        "read": made["read"],
        "layer": made["best_layer"],
        **(yield from held_out_d(model, name, out, made["best_layer"])),
    }


def check_figures(report: dict[str, Any]) -> dict[str, Any]:
    keys = ("verdict", "decided_by", "reasons", "band", "dose", "kl", "ranks", "propensity", "texts")
    return {key: report.get(key) for key in keys}


def held_out_d(model: Model, name: str, path: Path, layer: int) -> Steps[dict[str, Any]]:
    """d of the pairs that the card held out, and its 95 % intervals over pairs and over domains."""
    vector = read(path, model=model, measured=False)
    pairs, card = contrast(name).validated().pairs, vector.about.holdout
    assert card is not None
    held = [pairs[i] for i in split_pairs([pair.key for pair in pairs], card.share, card.seed).holdout]
    sides = [
        tokenize_text(model, text, begin)
        for pair in held
        for text, begin in zip((pair.positive, pair.negative), pair.begins or (None, None), strict=True)
    ]
    choices = [read_positions(vector.about.read, side) for side in sides]
    rows = empty_rows(model, [layer], len(sides))
    ids = [list(side.ids) for side in sides]
    yield from capture_steps(model, ids, store_in(rows), layers=[layer], read=choices)
    states = rows[layer].numpy().astype(np.float64)
    along = states @ vector.units[layer]
    x, y = along[0::2], along[1::2]
    return {
        "d": cohens_d(x, y),
        "d over pairs": clustered_interval(x, y, range(len(held))),
        "d over domains": clustered_interval(x, y, [pair.domain for pair in held]),
        "d of random directions": random_d(states),
        "pairs": len(held),
        "domains": len({pair.domain for pair in held}),
    }


def random_d(states: NDArray[np.float64], count: int = 999, seed: int = 0) -> float:
    """|d| that 95 of 100 random directions stay below; states alternate between the sides of a pair."""
    directions = np.random.default_rng(seed).standard_normal((states.shape[1], count))
    along = states @ directions
    found = [abs(cohens_d(along[0::2, k], along[1::2, k])) for k in range(count)]
    return float(np.percentile(found, 95))


def clustered_interval(
    x: ArrayLike, y: ArrayLike, clusters: Iterable[Any], seed: int = 0
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of d where whole clusters of pairs are drawn, not texts.

    A cluster drawn k times counts k times: x and y of its pairs then come together.
    """
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    _, places = np.unique(np.asarray(list(clusters)), return_inverse=True)
    count = int(places.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    values = _weighted_d(a, b, drawn[:, places].astype(np.float64))
    low, high = np.percentile(values[np.isfinite(values)], (2.5, 97.5))
    return float(low), float(high)


def _weighted_d(a: NDArray[Any], b: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """d of every row of whole-numbered weights, each pair counted as often as its weight says."""
    total = weights.sum(axis=1)
    means = [weights @ side / total for side in (a, b)]
    squares = [weights @ side**2 - total * mean**2 for side, mean in zip((a, b), means, strict=True)]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[Any] = (means[0] - means[1]) / np.sqrt((squares[0] + squares[1]) / (2 * total - 2))
    return found
