"""The layers of a cache by class: which are cut by length, what of the others is held whole, and rows of all.

The class decides, exactly: `is_croppable` of transformers is true for layers that crop to something else (the
compressed layers of DeepSeek V4) and depends on whether a token was fed (convolutions).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import (
    Cache,
    DummyLayer,
    DynamicIndexedLayer,
    DynamicLayer,
    DynamicSlidingWindowLayer,
    LinearAttentionAndFullAttentionLayer,
    LinearAttentionLayer,
)

from core.model.anatomy import text_config
from core.model.roomy_cache import RoomyLayer, roomy_cache

ATTENDS = {"full_attention", "sliding_attention", "chunked_attention", None}
"""Types of layers that keep one key and one value per token, by their names in configurations."""
CUT = {DynamicLayer, DynamicIndexedLayer, RoomyLayer, DummyLayer}
"""What these hold is one column per token: going back leaves out columns."""
BESIDE_A_STATE = LinearAttentionAndFullAttentionLayer
"""Columns of tokens and a running state in one layer."""
KNOWN = {*CUT, DynamicSlidingWindowLayer, LinearAttentionLayer, BESIDE_A_STATE}
TOKEN_AXES = {"keys": -2, "values": -2, "indexer_keys": 1, "indexer_position_ids": -1}
ROW_AXES = {"indexer_position_ids": 1}
"""Axis of the rows where it is not the first."""


class HeldTensor(NamedTuple):
    """A copy in host memory, and the device that it belongs on."""

    copy: Tensor
    device: torch.device


HeldLayer = Mapping[str, Any]
"""Attributes of one layer that length does not cut, with `HeldTensor` in place of tensors."""


def has_plain_cache(hf: PreTrainedModel) -> bool:
    """Whether every layer caches one key and one value per token, and nothing else."""
    return set(getattr(text_config(hf), "layer_types", None) or [None]) <= ATTENDS


def empty_cache(hf: PreTrainedModel) -> DynamicCache:
    """A cache with full layers in place of those with a window: the mask does the window, and they can be cut."""
    if has_plain_cache(hf):
        return roomy_cache()
    cache = DynamicCache(config=hf.config)
    # A layer of a class that is not known here may need the window's own layers beside it (DeepSeek V4).
    if all(type(layer) in KNOWN for layer in cache.layers):
        cache.layers = [
            DynamicLayer() if type(layer) is DynamicSlidingWindowLayer else layer for layer in cache.layers
        ]
    return cache


def is_cut_by_length(cache: Cache) -> bool:
    return all(type(layer) in CUT for layer in cache.layers)


def cut_tokens(cache: Cache, length: int) -> None:
    """Leave the first columns in all layers that have one per token."""
    for layer in cache.layers:
        for name, value in list(_columns(layer).items()):
            if name in TOKEN_AXES and _has_columns(value):
                setattr(layer, name, value.narrow(TOKEN_AXES[name], 0, length))


def held_bytes(cache: Cache) -> int:
    """Bytes of what length does not cut."""
    return sum(_tensor_bytes(value) for layer in cache.layers for value in _held(layer).values())


def hold_layers(cache: Cache) -> tuple[HeldLayer, ...]:
    """Copies of what length does not cut, layer by layer."""
    return tuple({name: _copied_out(value) for name, value in _held(layer).items()} for layer in cache.layers)


# As passes do it: what is made outside can be written to in a pass, but not the other way round.
@torch.inference_mode()
def restore_cache(
    hf: PreTrainedModel, cache: Cache, held: tuple[HeldLayer, ...], rows: tuple[int, ...] | None, length: int
) -> DynamicCache:
    """A cache as it was at `length`: columns from the present one, all else from `held`, of which `rows` are taken."""
    # A new one, because an error inside a block may have left anything in the present one.
    fresh = empty_cache(hf)
    for new, old, kept in zip(fresh.layers, cache.layers, held, strict=True):
        for name, value in kept.items():
            setattr(new, name, _copied_back(value))
        if kept and rows is not None:
            new.reorder_cache(torch.tensor(rows))
        for name, value in _columns(old).items():
            setattr(new, name, value)
    cut_tokens(fresh, length)
    return fresh


def take_columns(hf: PreTrainedModel, cache: Cache, row: int) -> DynamicCache:
    """A cache of one row, with its columns of tokens and nothing else."""
    fresh = empty_cache(hf)
    for new, old in zip(fresh.layers, cache.layers, strict=True):
        for name, value in _columns(old).items():
            axis = ROW_AXES.get(name, 0)
            setattr(new, name, value.narrow(axis, row, 1) if _has_columns(value) else value)
    return fresh


def join_rows(cache: Cache, other: Cache) -> None:
    """Append the rows of another cache of the same length."""
    for mine, theirs in zip(cache.layers, other.layers, strict=True):
        for name, value in vars(mine).items():
            setattr(mine, name, _joined(value, getattr(theirs, name), ROW_AXES.get(name, 0)))


def _held(layer: Any) -> dict[str, Any]:
    """What length does not cut."""
    columns = _columns(layer)
    return {name: value for name, value in vars(layer).items() if name not in columns}


def _columns(layer: Any) -> dict[str, Any]:
    """The columns of tokens, and the attributes that belong to them."""
    if type(layer) in CUT:
        return vars(layer)
    names = ("keys", "values", "is_initialized") if type(layer) is BESIDE_A_STATE else ()
    return {name: getattr(layer, name) for name in names}


def _has_columns(value: Any) -> bool:
    # An empty tensor without shape stands for no token yet.
    return isinstance(value, Tensor) and value.dim() > 1


def _copied_out(value: Any) -> Any:
    if isinstance(value, Tensor):
        # A copy even on a CPU: states are written in place.
        return HeldTensor(value.detach().to("cpu", copy=True), value.device)
    if isinstance(value, dict):
        return {key: _copied_out(each) for key, each in value.items()}
    return value


def _copied_back(value: Any) -> Any:
    if isinstance(value, HeldTensor):
        return value.copy.to(value.device, copy=True)
    if isinstance(value, dict):
        return {key: _copied_back(each) for key, each in value.items()}
    return value


def _tensor_bytes(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_tensor_bytes, value.values()))
    return value.nbytes if isinstance(value, Tensor) else 0


def _joined(mine: Any, theirs: Any, axis: int) -> Any:
    if isinstance(mine, dict):
        return {key: _joined(value, theirs[key], axis) for key, value in mine.items()}
    # A tensor of no dimensions is a setting, such as a window's size.
    return torch.cat([mine, theirs], axis) if isinstance(mine, Tensor) and mine.dim() else mine
