"""The change a fine-tuning makes at the last prompt token: v_L = mean h_tuned − mean h_base, with a sign
check.

A published recipe has the opposite sign, so that subtracting it tests the opposite; so the sign is
checked on held-out prompts, where tuned must project higher than base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.jobs.job import Progress, Steps
from core.mixer.layer_ranges import default_band, parse_layers
from core.mixer.mixer import Channel
from sessions.experiments.common.sampler import ModelSampler, SamplePrompt

States: TypeAlias = Mapping[int, NDArray[Any]]


def tuning_channel(
    sampler: ModelSampler,
    base: ModelSampler,
    fit: Sequence[SamplePrompt],
    held_out: Sequence[SamplePrompt],
    layers: str | None,
) -> Steps[tuple[Channel, dict[str, Any]]]:
    """The channel that subtracts the tuning, and the sign check on held-out prompts."""
    read: list[States] = []
    for reader, prompts in ((sampler, fit), (base, fit), (sampler, held_out), (base, held_out)):
        read.append((yield from reader.states(prompts)))
        yield Progress(len(read), 4, "prompt sets read")
    fit_tuned, fit_base, held_tuned, held_base = read
    rows = {layer: states.mean(0) - fit_base[layer].mean(0) for layer, states in fit_tuned.items()}
    band = parse_layers(layers, sampler.n_layers) if layers else default_band(sampler.n_layers)
    vector = sampler.direction("tuned − base", rows)
    # In raw units and split over the band, −λ subtracts λ of the change once, not at every layer.
    channel = Channel(vector, scale=-1.0, unit="raw", layers=tuple(band), split=True)
    return channel, _check_sign(held_tuned, held_base, rows, band)


def _check_sign(tuned: States, base: States, rows: States, band: Sequence[int]) -> dict[str, Any]:
    # Per prompt and layer: does the tuned model lie further along the vector than base?
    above = [(tuned[layer] - base[layer]) @ rows[layer] > 0 for layer in band]
    share = float(np.mean(above))
    return {"points": "base → tuned", "on_unseen_prompts": share, "holds": share > 0.5}
