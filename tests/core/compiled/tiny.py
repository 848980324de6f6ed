"""The smallest model that a graph can be made of: compiling is slow, so nearly all tests share one."""

from __future__ import annotations

import time
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

import core
from core.compiled.workshop import graph_builder
from core.mixer.mixer import Channel, Mixer
from core.model.model import Model

LAYERS, HIDDEN, VOCABULARY, CONTEXT = 2, 32, 64, 128
EVERYWHERE = tuple(range(LAYERS))
PROMPT = tuple(range(3, 23))


def model(seed: int = 0, dtype: torch.dtype = torch.float32) -> Model:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=48,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        initializer_range=0.2,
    )
    return core.adopt(LlamaForCausalLM(config).to(dtype).eval())


class Arrow:
    """A random direction at every layer."""

    def __init__(self, seed: int, width: int = HIDDEN, layers: int = LAYERS) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.name = f"arrow {seed}"
        self.directions = {layer: torch.randn(width, generator=generator) for layer in range(layers)}


def channel(seed: int, **settings: Any) -> Channel:
    return Channel(Arrow(seed), **{"unit": "unit", "layers": EVERYWHERE} | settings)


def mixed(strength: float = 1.0, **settings: Any) -> Mixer:
    """Eight channels: two that add, two gains, four caps."""
    return Mixer(
        (
            channel(0, scale=0.8 * strength),
            channel(1, scale=-0.5 * strength),
            channel(2, gain=0.0),
            channel(3, gain=1.5),
            channel(4, floor=0.4),
            channel(5, ceiling=-0.2),
            channel(6, floor=-0.1, ceiling=0.1),
            channel(7, scale=0.3 * strength, floor=0.2),
        ),
        **settings,
    )


def news_of_children(model: Model) -> list[str]:
    """What becomes of the graphs that child processes compile; waits for the first of them."""
    while not (news := list(graph_builder(model).install_finished())):
        time.sleep(0.05)
    return news
