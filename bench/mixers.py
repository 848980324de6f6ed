"""What is played in the benches: random directions, in the mixtures that the targets name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from core.mixer.mixer import Channel, Mixer
from core.model.model import Model


class Arrow:
    """A random unit direction at every layer."""

    def __init__(self, model: Model, seed: int) -> None:
        self.name = f"arrow {seed}"
        generator = torch.Generator().manual_seed(seed)
        rows = torch.randn(model.n_layers, model.hidden_size, generator=generator)
        self.directions = dict(enumerate(rows / rows.norm(dim=-1, keepdim=True)))


def channel(model: Model, seed: int, **settings: Any) -> Channel:
    everywhere = tuple(range(model.n_layers))
    return Channel(Arrow(model, seed), **{"layers": everywhere, "scope": "answer"} | settings)


def add_and_cap(model: Model) -> Mixer:
    """Two vectors on every layer: one added, one held under a ceiling."""
    return Mixer((channel(model, 0, scale=0.1), channel(model, 1, ceiling=0.0)))


def adds(model: Model, count: int = 8) -> Mixer:
    return Mixer(tuple(channel(model, i, scale=0.05) for i in range(count)))


def eight_mixed(model: Model) -> Mixer:
    """Two adds, two gains, four caps of which one adds as well; bounds that bind at every other token or so."""
    size = 0.05 * min(model.residual_norms.values())
    settings: tuple[dict[str, Any], ...] = (
        {"scale": 0.05},
        {"scale": -0.05},
        {"gain": 0.0},
        {"gain": 1.5},
        {"floor": 0.0},
        {"ceiling": size},
        {"floor": -size, "ceiling": size},
        {"scale": 0.05, "floor": -size},
    )
    return Mixer(tuple(channel(model, i, **setting) for i, setting in enumerate(settings)))


def prompt(model: Model, length: int, seed: int = 0) -> list[int]:
    vocabulary = model.vocab_size
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(4, vocabulary, (length,), generator=generator).tolist()


def turned(mixer: Mixer, change: int) -> Mixer:
    """The mixer after one of many different turns of its dials."""
    loud = replace(mixer.channels[0], scale=0.001 * (change % 97) - 0.05)
    mixer = replace(mixer, channels=(loud, *mixer.channels[1:]))
    return mixer.flip(change % len(mixer.channels)) if change % 3 else mixer
