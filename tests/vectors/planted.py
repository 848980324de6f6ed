"""Tiny models with a known direction in them: one they speak from, and one they carry without looking at it."""

from __future__ import annotations

from typing import Any

import torch

import core
import vectors
from tests.core import zoo
from vectors.data.metadata import About

YES, NO = tuple(range(40, 60)), tuple(range(60, 80))  # two sets of tokens
NEUTRAL = tuple(range(100, 290))
WRITTEN, READ = 3.0, 0.25  # how strongly the embedding writes along the direction, and the head reads it
PROMPTS = [[100 + 3 * i, 120 + i, 200 - i, 150] for i in range(4)]


def pairs(count: int = 12) -> list[tuple[list[int], list[int]]]:
    """The same neutral beginning, then a word of either set."""
    chance = torch.Generator().manual_seed(3)
    drawn = torch.randint(100, 290, (count, 5), generator=chance).tolist()
    return [([*words, YES[i % 20]], [*words, NO[i % 20]]) for i, words in enumerate(drawn)]


def direction(seed: int = 1) -> torch.Tensor:
    return torch.nn.functional.normalize(
        torch.randn(zoo.HIDDEN, generator=torch.Generator().manual_seed(seed)), dim=0
    )


def speaking(read: float = READ) -> tuple[core.Model, vectors.SteeringVector]:
    """A model whose words of the YES set are written and read along one direction; NO along its negative."""
    hf, axis = zoo.build("llama"), direction()
    with torch.no_grad():
        for weight, strength in (
            (hf.get_input_embeddings().weight, WRITTEN),
            (hf.get_output_embeddings().weight, read),
        ):
            weight[list(YES)] += strength * axis
            weight[list(NO)] -= strength * axis
    return core.adopt(hf, zoo.tokenizer(), name="planted"), vector(axis)


def mute(varying: float = 0.0) -> tuple[core.Model, vectors.SteeringVector]:
    """The direction is written by the embedding and read by nothing: it separates, and moves no word.

    Each word is written by 1 ± `varying` times the usual strength; the two words of a pair by the same.
    """
    hf, axis = zoo.build("llama"), direction()
    strengths = WRITTEN * (1 + varying * torch.linspace(-1, 1, len(YES)))[:, None]
    with torch.no_grad():
        hf.get_input_embeddings().weight[list(YES)] += strengths * axis
        hf.get_input_embeddings().weight[list(NO)] -= strengths * axis
        readers = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj", "lm_head")
        for name, weight in hf.named_parameters():
            if any(reader in name for reader in readers):
                weight -= torch.outer(weight @ axis, axis)
            if name.endswith("norm.weight"):
                weight.fill_(1.0)
    return core.adopt(hf, zoo.tokenizer(), name="mute"), vector(axis)


def vector(axis: torch.Tensor, layers: tuple[int, ...] = (0, 1, 2), **about: Any) -> vectors.SteeringVector:
    return vectors.SteeringVector(dict.fromkeys(layers, axis), about=About(name="planted", **about))


def random() -> vectors.SteeringVector:
    chance = torch.Generator().manual_seed(77)
    rows = {layer: torch.randn(zoo.HIDDEN, generator=chance) for layer in (0, 1, 2)}
    return vectors.SteeringVector(rows, about=About(name="random"))
