"""Removes part of a fine-tuning from the weights: W' = W_tuned − λ(W_tuned − W_base).

Computed as (1 − λ)·W_tuned + λ·W_base, so λ = 0 is the tuned model and λ = 1 the base model bit for
bit.
"""

from __future__ import annotations

import zlib

import torch
from torch import Tensor

from core.errors import ModelError
from core.loading.loading import adopt
from core.model.model import Model


def remove_tuning(tuned: Model, base: Model, share: float, *, shuffled: bool = False) -> Model:
    """A new model; `tuned` and `base` stay unchanged, because they may be in use."""
    ours, theirs = tuned.hf.state_dict(), base.hf.state_dict()
    blended = {
        name: _blend_weight(name, weight, _base_weight(theirs, name, weight, base), share, shuffled)
        for name, weight in ours.items()
    }
    # A fresh module: loading into `tuned` would change a model that is in use.
    hf = type(tuned.hf)(tuned.hf.config).to(device=tuned.device, dtype=tuned.dtype)
    hf.load_state_dict(blended)
    words = "shuffled tuning" if shuffled else "tuning"
    return adopt(hf, tuned.tokenizer, f"{tuned.name} − {share:g} · {words}")


def _base_weight(theirs: dict[str, Tensor], name: str, weight: Tensor, base: Model) -> Tensor:
    other = theirs.get(name)
    if other is None or other.shape != weight.shape:
        shapes = f"{tuple(weight.shape)} against {'nothing' if other is None else tuple(other.shape)}"
        raise ModelError(f"{base.name} is no base of this model: {name} is {shapes}")
    return other.to(weight.device)


def _blend_weight(name: str, tuned: Tensor, base: Tensor, share: float, shuffled: bool) -> Tensor:
    # Integer buffers, such as position ids, cannot be blended.
    if not tuned.is_floating_point():
        return tuned
    if not shuffled:
        return tuned * (1 - share) + base * share
    # Seeded by the matrix's name: the same places for every λ, other places for every matrix.
    chance = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    change = (tuned - base).flatten()
    order = torch.randperm(change.numel(), generator=chance).to(change.device)
    return tuned - share * change[order].view_as(tuned)
