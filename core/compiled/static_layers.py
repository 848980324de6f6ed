"""Cache layers at fixed addresses: for each class of an eager cache its static form, filled from it and read back.

A graph reads and writes its cache at the same addresses in every step. Columns of tokens get room for all of them; a
running state has one size anyway, and is updated in place. States and columns are copied in and out, never shared.
"""

from __future__ import annotations

from typing import Any

from transformers.cache_utils import (
    Cache,
    DummyLayer,
    DynamicIndexedLayer,
    DynamicLayer,
    LinearAttentionAndFullAttentionLayer,
    LinearAttentionAndStaticFullAttentionLayer,
    LinearAttentionLayer,
    StaticIndexedLayer,
    StaticLayer,
)

from core.errors import ModelError
from core.model.roomy_cache import RoomyLayer

STATIC: dict[type, type] = {
    DynamicLayer: StaticLayer,
    RoomyLayer: StaticLayer,
    DynamicIndexedLayer: StaticIndexedLayer,
    LinearAttentionLayer: LinearAttentionLayer,
    LinearAttentionAndFullAttentionLayer: LinearAttentionAndStaticFullAttentionLayer,
    DummyLayer: DummyLayer,
}
"""By exact class: one that is derived from these may hold more."""


def foreign_layer(cache: Cache) -> str | None:
    """The class of a layer that has no static form here, if there is one."""
    return next((type(layer).__name__ for layer in cache.layers if type(layer) not in STATIC), None)


def static_cache(shown: Cache, capacity: int) -> Cache:
    """A static cache of the same classes and shapes as `shown`, which has seen a token."""
    return Cache(layers=[_static_layer(layer, capacity) for layer in shown.layers])


def copy_from_eager(mine: Cache, theirs: Cache, length: int) -> None:
    """Copy an eager cache of `length` positions into a static one."""
    for fixed, layer in zip(mine.layers, theirs.layers, strict=True):
        if isinstance(fixed, StaticLayer):
            fixed.keys[:, :, :length].copy_(layer.keys)
            fixed.values[:, :, :length].copy_(layer.values)
        if isinstance(fixed, StaticIndexedLayer):
            fixed.indexer_keys[:, :length].copy_(layer.indexer_keys)
        if isinstance(fixed, LinearAttentionLayer):
            for state in _states(fixed):
                for name in ("conv_states", "recurrent_states"):
                    if (held := getattr(fixed, name)[state]) is not None:
                        held.copy_(getattr(layer, name)[state])
    set_length(mine, length)


def copy_to_eager(mine: Cache, theirs: Cache, length: int) -> None:
    """Copy the first positions, and the running states, into an empty eager cache."""
    for index, fixed in enumerate(mine.layers):
        # Copies, because whoever uses the static cache next overwrites it.
        if isinstance(fixed, StaticLayer):
            theirs.update(fixed.keys[:, :, :length].clone(), fixed.values[:, :, :length].clone(), index)
        if isinstance(fixed, StaticIndexedLayer):
            theirs.update_indexer(fixed.indexer_keys[:, :length].clone(), index)
        if isinstance(fixed, LinearAttentionLayer):
            _return_states(fixed, theirs.layers[index])


def set_length(cache: Cache, length: int) -> None:
    """Set the length; columns beyond it are masked, and overwritten later."""
    for layer in cache.layers:
        # In place: the graph reads these tensors at fixed addresses.
        if isinstance(layer, StaticLayer):
            layer.cumulative_length.fill_(length)
        if isinstance(layer, StaticIndexedLayer):
            layer.indexer_cumulative_length.fill_(length)


def has_states(cache: Cache) -> bool:
    """Whether a layer holds a running state."""
    return any(isinstance(layer, LinearAttentionLayer) for layer in cache.layers)


def _static_layer(shown: Any, capacity: int) -> Any:
    kind = STATIC[type(shown)]
    if kind is DummyLayer:
        return DummyLayer()
    is_state = isinstance(shown, LinearAttentionLayer)
    fixed = kind(max_cache_len=capacity, **({"number_of_states": shown.number_of_states} if is_state else {}))
    if isinstance(fixed, StaticLayer):
        fixed.lazy_initialization(shown.keys, shown.values)
    if isinstance(fixed, StaticIndexedLayer):
        if shown.indexer_position_ids is not None:
            raise ModelError("its indexer keeps positions, which a compiled step has no place for")
        fixed.lazy_initialization_indexer(shown.indexer_keys)
    if is_state:
        for state in _states(shown):
            _copy_state(shown, fixed, state)
    return fixed


def _return_states(fixed: LinearAttentionLayer, layer: Any) -> None:
    for state in _states(fixed):
        _copy_state(fixed, layer, state)


def _copy_state(source: LinearAttentionLayer, target: Any, state: int) -> None:
    """Copy one state into a layer that has none yet; afterwards it is one with a past."""
    if (conv := source.conv_states[state]) is not None:
        target.update_conv_state(conv, state, conv_kernel_size=conv.shape[-1])
    if (recurrent := source.recurrent_states[state]) is not None:
        target.update_recurrent_state(recurrent, state)
    target.has_previous_state[state] = True


def _states(layer: LinearAttentionLayer) -> range:
    return range(layer.number_of_states)
