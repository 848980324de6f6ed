"""A key–value cache with room for the tokens to come: each is written in place.

transformers' own dynamic cache copies all keys and values of all rows for every new token.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

BLOCK = 64
"""Columns by which the room grows."""


class RoomyLayer(DynamicLayer):
    """`keys` and `values` are the first columns of larger tensors."""

    keys: Tensor
    values: Tensor
    _room: tuple[Tensor, Tensor] | None = None

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        used = self.keys.shape[-2] if self.keys.numel() else 0
        width = used + key_states.shape[-2]
        room = self._roomy(used, width, key_states, value_states)
        # `narrow` and not slices, which take a fifth longer for one token.
        for whole, new in zip(room, (key_states, value_states), strict=True):
            whole.narrow(2, used, width - used).copy_(new)
        self.keys, self.values = room[0].narrow(2, 0, width), room[1].narrow(2, 0, width)
        return self.keys, self.values

    def _roomy(self, used: int, width: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """The larger tensors, made anew where they are full or where `keys` no longer lies in them."""
        room = self._room
        if room is None or width > room[0].shape[2] or self.keys.data_ptr() != room[0].data_ptr():
            room = self._room = _with_room(keys, width), _with_room(values, width)
            if used:
                room[0][:, :, :used], room[1][:, :, :used] = self.keys, self.values
        return room


def _with_room(like: Tensor, width: int) -> Tensor:
    rows, heads, _, size = like.shape
    return like.new_empty(rows, heads, (width // BLOCK + 1) * BLOCK, size)


def roomy_cache() -> DynamicCache:
    """An empty cache whose layers are roomy."""
    cache = DynamicCache()
    cache.layer_class_to_replicate = RoomyLayer
    return cache
