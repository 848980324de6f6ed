"""A key–value cache whose lanes have lengths of their own: each lane's next token goes right behind its last one.

Nothing is padded on the left, so a lane that ends gives its row to another prompt without a copy of the others.
Columns behind a lane's end hold zeros or leftovers of an earlier prompt; the mask hides them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

BLOCK = 64
"""Columns by which the cache grows: one copy of all lanes every 64 tokens."""


class LaneLengths:
    """The number of cached tokens of each lane, shared by the layers of one cache."""

    def __init__(self, n_lanes: int, device: torch.device) -> None:
        self.counts = [0] * n_lanes
        self._device = device
        self._tensors: dict[torch.device, tuple[Tensor, Tensor]] = {}

    @property
    def width(self) -> int:
        """Columns that a pass with one more token per lane reads."""
        return max(self.counts) + 1

    def set(self, counts: list[int]) -> None:
        self.counts, self._tensors = counts, {}

    def positions(self, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
        """(lane numbers, lengths) on a device; layers of a model may lie on several."""
        place = device or self._device
        if place not in self._tensors:
            lanes = torch.arange(len(self.counts), device=place)
            self._tensors[place] = lanes, torch.tensor(self.counts, device=place)
        return self._tensors[place]


class LaneLayer(CacheLayerMixin):
    """Keys and values [lanes, heads, columns, d] of one layer."""

    keys: Tensor
    values: Tensor
    is_initialized: bool

    def __init__(self, lengths: LaneLengths) -> None:
        super().__init__()
        self._lengths = lengths

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing to do: the first prompt that is written decides the shapes."""

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Write one token per lane behind its last one; returns all columns in use."""
        width = self._lengths.width
        self._reserve(width, key_states, value_states)
        lanes, ends = self._lengths.positions(key_states.device)
        self.keys[lanes, :, ends] = key_states[:, :, 0]
        self.values[lanes, :, ends] = value_states[:, :, 0]
        return self.keys[:, :, :width], self.values[:, :, :width]

    # As the steps do it: columns that were added in a step can be written to in no other mode.
    @torch.inference_mode()
    def write_prompts(self, lanes: list[int], keys: Tensor, values: Tensor) -> None:
        """Copy keys and values [prompts, heads, tokens, d] into lanes; what is padding stays hidden."""
        tokens = keys.shape[2]
        self._reserve(tokens, keys, values)
        self.keys[lanes, :, :tokens], self.values[lanes, :, :tokens] = keys, values

    def keep_lanes(self, lanes: list[int]) -> None:
        self.keys, self.values = self.keys[lanes], self.values[lanes]

    def _reserve(self, columns: int, keys: Tensor, values: Tensor) -> None:
        """Make at least so many columns, in whole blocks; the first call decides the shapes."""
        if not self.is_initialized:
            n_lanes = len(self._lengths.counts)
            # Zeros: 0 · NaN of uninitialised memory would be NaN, though its weight is 0.
            self.keys, self.values = (
                x.new_zeros(n_lanes, x.shape[1], BLOCK, x.shape[3]) for x in (keys, values)
            )
            self.is_initialized = True
        missing = columns - self.keys.shape[2]
        if missing > 0:
            more = -(-missing // BLOCK) * BLOCK
            self.keys, self.values = (_with_columns(x, more) for x in (self.keys, self.values))

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._lengths.width, 0

    def get_seq_length(self) -> int:
        return self._lengths.width - 1

    def get_max_length(self) -> int:
        return -1


class LaneCache(Cache):
    """The cache of all lanes; `mask` and `positions` are what the next pass needs beside the ids."""

    def __init__(self, n_lanes: int, n_layers: int, device: torch.device, dtype: torch.dtype) -> None:
        self.lengths = LaneLengths(n_lanes, device)
        self._dtype = dtype
        super().__init__(layers=[LaneLayer(self.lengths) for _ in range(n_layers)])

    def write_prompts(self, lanes: list[int], prompts: Cache, tokens: list[int]) -> None:
        """Put encoded prompts of `tokens` tokens each into lanes, in place of what was there."""
        for mine, theirs in zip(self.layers, prompts.layers, strict=True):
            mine.write_prompts(lanes, theirs.keys, theirs.values)
        self.set_lengths(lanes, tokens)

    def set_lengths(self, lanes: list[int], tokens: list[int]) -> None:
        counts = list(self.lengths.counts)
        for lane, count in zip(lanes, tokens, strict=True):
            counts[lane] = count
        self.lengths.set(counts)

    def advance(self, lanes: list[bool]) -> None:
        """Count the token just written, in the lanes that are in use."""
        counts = zip(self.lengths.counts, lanes, strict=True)
        self.lengths.set([count + used for count, used in counts])

    def keep_lanes(self, lanes: list[int]) -> None:
        """Drop all other lanes."""
        for layer in self.layers:
            layer.keep_lanes(lanes)
        self.lengths.set([self.lengths.counts[lane] for lane in lanes])

    def positions(self) -> Tensor:
        """Position [lanes, 1] of each lane's next token."""
        return self.lengths.positions()[1][:, None]

    def mask(self) -> Tensor:
        """Additive mask [lanes, 1, 1, columns]: each lane sees its own tokens and the one being fed."""
        ends = self.positions()
        hidden = torch.arange(self.lengths.width, device=ends.device) > ends
        mask = torch.zeros(hidden.shape, dtype=self._dtype, device=ends.device)
        # The most negative number and not −∞, as in transformers' own masks.
        return mask.masked_fill_(hidden, torch.finfo(self._dtype).min)[:, None, None]


def _with_columns(x: Tensor, more: int) -> Tensor:
    return torch.cat([x, x.new_zeros(x.shape[0], x.shape[1], more, x.shape[3])], dim=2)
