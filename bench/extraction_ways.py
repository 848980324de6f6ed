"""Ways from prompts to hidden states that the extraction benches compare, and the prompts they read."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import core
from core.activations.capture import capture

SHORTEST, LONGEST = 20, 200
FIXED_BATCH = 32
VOCABULARY = 32_000


def ways(model: core.Model, texts: list[list[int]]) -> dict[str, Callable[[], Any]]:
    shallow = range(2 * model.n_layers // 3 + 1)
    return {
        "one by one": lambda: one_by_one(model.hf, texts),
        "fixed batches": lambda: fixed_batches(model.hf, texts),
        "ours": lambda: capture(model, texts).rows,
        "ours, two thirds of the depth": lambda: capture(model, texts, layers=shallow).rows,
    }


def one_by_one(hf: Any, texts: list[list[int]]) -> dict[int, Tensor]:
    """The usual loop: the whole model, all hidden states, the last position kept."""
    rows = []
    with torch.no_grad():
        for text in texts:
            states = hf(
                torch.tensor([text], device=hf.device), output_hidden_states=True, use_cache=False
            ).hidden_states
            rows.append(torch.stack([state[0, -1].float().cpu() for state in states[1:]]))
    return dict(enumerate(torch.stack(rows, dim=1)))


def fixed_batches(hf: Any, texts: list[list[int]]) -> dict[int, Tensor]:
    """repeng's: batches of 32 in the order given, padded on the left, cache and unembedding left on."""
    rows = []
    with torch.no_grad():
        for start in range(0, len(texts), FIXED_BATCH):
            ids, mask = padded(texts[start : start + FIXED_BATCH])
            states = hf(
                ids.to(hf.device), attention_mask=mask.to(hf.device), output_hidden_states=True
            ).hidden_states
            rows.append(torch.stack([state[:, -1].float().cpu() for state in states[1:]]))
    return dict(enumerate(torch.cat(rows, dim=1)))


def padded(texts: list[list[int]]) -> tuple[Tensor, Tensor]:
    width = max(map(len, texts))
    ids = torch.tensor([[0] * (width - len(row)) + row for row in texts])
    mask = torch.arange(width) >= torch.tensor([[width - len(row)] for row in texts])
    return ids, mask.long()


def prompts(pairs: int) -> list[list[int]]:
    """Positive, negative, positive, …: of many lengths; the two classes end in words of their own."""
    rng = random.Random(0)
    rows = [
        [rng.randrange(VOCABULARY) for _ in range(rng.randint(SHORTEST, LONGEST))] for _ in range(2 * pairs)
    ]
    return [[*row, 7 + number % 2] for number, row in enumerate(rows)]
