"""How well a vector separates two classes in a loaded model, and the projections of ordinary text on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from core.activations.capture import capture_steps, empty_rows, store_in
from core.errors import UsageError
from core.generation.token_ids import text_ids
from core.jobs.job import Steps, gpu_task
from vectors.data.metadata import LayerStats, class_spread
from vectors.statistics import metrics
from vectors.statistics.metrics import Separation
from vectors.texts.pair import PairInput
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

Ids = list[int]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class LayerSeparation:
    """Separation at one layer; `stats` are what natural units and percentile caps need."""

    separation: Separation
    split_half: float
    stats: LayerStats

    @property
    def gap(self) -> float:
        """mean⁺ − mean⁻: negative when the vector points from the positive class to the negative one."""
        return class_spread(self.stats, "positive")["mean"] - class_spread(self.stats, "negative")["mean"]


def token_pairs(model: Model, pairs: Iterable[PairInput]) -> list[tuple[Ids, Ids]]:
    """(positive, negative) as token ids; a pair is two texts or an object with those two attributes."""
    texts = [tuple(p) if isinstance(p, tuple | list) else (p.positive, p.negative) for p in pairs]
    if len(texts) < 4:
        raise UsageError(
            f"needs ≥ 4 pairs, two to learn the midpoint from and two to try it on; got {len(texts)}"
        )
    return [(text_ids(model, positive), text_ids(model, negative)) for positive, negative in texts]


def separation_by_layer(
    model: Model, vector: SteeringVector, pairs: Sequence[tuple[Ids, Ids]], seed: int
) -> Steps[dict[int, LayerSeparation]]:
    """Read every text at its last token, in steps, and measure; every second pair is held out."""
    # Positive and negative texts alternate, as `measure_layer` expects them.
    texts = [ids for pair in pairs for ids in pair]
    rows = empty_rows(model, vector.layers, len(texts))
    yield from capture_steps(model, texts, store_in(rows), layers=vector.layers)
    return {
        layer: measure_layer(states.numpy(), vector.directions[layer].numpy(), seed)
        for layer, states in rows.items()
    }


def summarize_ordinary_text(
    model: Model, vector: SteeringVector, texts: Sequence[tuple[Ids, int]]
) -> Steps[dict[int, dict[str, float]]]:
    """Projection statistics per layer of tokens generated without steering (from `start` on), for caps."""
    seen: dict[int, list[Floats]] = {layer: [] for layer in vector.layers}
    for ids, start in texts:
        found = yield gpu_task(partial(_token_projections, model, vector, ids, start))
        for layer, values in found.items():
            seen[layer].append(values)
    return {layer: metrics.summarize_projections(np.concatenate(values)) for layer, values in seen.items()}


def _token_projections(model: Model, vector: SteeringVector, ids: Ids, start: int) -> dict[int, Floats]:
    found: dict[int, Floats] = {}

    def record(layer: int, hidden: torch.Tensor) -> None:
        # Projected inside the hook: the states of all layers would take far more memory.
        found[layer] = (hidden[0, start:].float().cpu() @ vector.directions[layer]).numpy()

    row, steering = torch.tensor([ids], device=model.device), model.steering
    with torch.no_grad(), steering.steering_with(None), steering.hooking_outputs(vector.layers, record):
        model.anatomy.trunk(input_ids=row, use_cache=False)
    return found


def measure_layer(states: Floats, direction: Floats, seed: int) -> LayerSeparation:
    """Fit the midpoint on even pairs and measure on odd ones; `states` alternate positive, negative."""
    projections = states.astype(np.float64) @ direction.astype(np.float64)
    x, y = projections[0::2], projections[1::2]
    # From even pairs only: the pairs it is tried on would flatter the accuracy.
    midpoint = float(x[0::2].mean() + y[0::2].mean()) / 2
    # Stored for steering, not for the evaluation, so these use all pairs.
    stats: LayerStats = {
        "positive": metrics.summarize_projections(x),
        "negative": metrics.summarize_projections(y),
        "midpoint": float(x.mean() + y.mean()) / 2,
    }
    split = metrics.split_half_cosine([states[0::2] - states[1::2]], len(states) // 2, seed=seed)
    return LayerSeparation(metrics.holdout_separation(x[1::2], y[1::2], midpoint, seed=seed), split, stats)
