"""A floor on a vector, and two controls on a random direction.

Controls: (a) the same floor value on a random direction; (b) the matched floor, at the same percentile
of the random direction's own projections as the true floor has among the vector's. The cap works if it
beats both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from core.jobs.job import Steps, task_group
from core.mixer.cap_bounds import parse_bound
from core.mixer.effects import channel_band, channel_bounds
from core.mixer.layer_ranges import parse_layers
from core.mixer.mixer import Channel
from sessions.experiments.common.sampler import ModelSampler, SamplePrompt
from sessions.experiments.scoring.answers import cache_key


def floored_channel(sampler: ModelSampler, vector: Any, params: Mapping[str, Any]) -> Channel:
    """The channel with the requested floor (percentile or number); an invalid one is refused here."""
    layers = parse_layers(params["layers"], sampler.n_layers) if params["layers"] else None
    channel = Channel(vector, layers=layers, floor=parse_bound("floor", params["floor"]))
    for layer in channel_band(channel, sampler.n_layers):
        # Raises if the vector has no such percentile at this layer.
        channel_bounds(channel, layer)
    return channel


def match_random_floor(
    sampler: ModelSampler, cap: Channel, random: Any, firsts: Sequence[SamplePrompt]
) -> Steps[Channel]:
    """The control: a cap on a random direction whose floor binds as often as that of the true one.

    The share of projections below the floor is measured at the last token of each prompt in `firsts`.
    """
    true, other = [], []
    for prompt in firsts:
        true.append((yield from start_projections(sampler, prompt, cap.vector)))
        other.append((yield from start_projections(sampler, prompt, random)))
    floors: dict[int, float] = {}
    for layer in (layer for layer in channel_band(cap, sampler.n_layers) if layer in true[0]):
        # The true floor's percentile among the vector's projections …
        below = np.mean([row[layer] < channel_bounds(cap, layer)[0] for row in true])
        # … and the value at that percentile among those of the random direction.
        floors[layer] = float(np.percentile([row[layer] for row in other], 100 * below))
    return Channel(random, layers=tuple(floors), floor=floors)


def start_projections(sampler: ModelSampler, prompt: SamplePrompt, vector: Any) -> Steps[dict[int, float]]:
    """{layer: projection} at the last prompt token."""
    key = cache_key("begins", sampler, prompt, vector)
    found = yield from task_group(key, partial(_read_start, sampler, prompt, vector))
    return {int(layer): value for layer, value in found.items()}


def _read_start(sampler: ModelSampler, prompt: SamplePrompt, vector: Any) -> Steps[dict[str, float]]:
    reading = yield from sampler.read_prompt(prompt, vector)
    # Keys are text because the result is cached as JSON.
    return {str(layer): row[-1] for layer, row in reading.projections.items()}
