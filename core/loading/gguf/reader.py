"""The reader of the gguf package without its slowest part, in the place where transformers looks for it.

`gguf.GGUFReader` makes four numpy arrays for every token of a vocabulary, and transformers, which reads a file
several times, decodes each of them: 20 of 22 CPU seconds for a model of 135M parameters. What transformers needs of a
long array at these places is its length; the tokenizer is read by another function of transformers, which is fast.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import gguf
import numpy as np
from gguf import GGUFReader
from gguf.constants import GGUFValueType
from transformers import modeling_gguf_pytorch_utils as legacy

LONG = 1 << 12
"""Arrays up to this length are kept: some architectures list one number for each layer."""

T = TypeVar("T")
Arrays = list[np.ndarray[tuple[int, ...], np.dtype[np.generic]]]
Parts = tuple[int, Arrays, list[int], list[GGUFValueType]]


class SkippingReader(GGUFReader):
    """A GGUFReader in which the texts of a long array are empty and the numbers of one are left out."""

    def _get_field_parts(self, orig_offs: int, raw_type: int) -> Parts:
        kind, count = 0, 0
        if raw_type == GGUFValueType.ARRAY:
            kind, count = struct.unpack_from("<IQ", self.data, orig_offs)
        if count <= LONG:
            return super()._get_field_parts(orig_offs, raw_type)
        parts: Arrays = [np.array([kind], np.uint32), np.array([count], np.uint64), np.empty(0, np.uint8)]
        types = [GGUFValueType.ARRAY, GGUFValueType(kind)]
        if kind == GGUFValueType.STRING:
            # All entries are the same empty text, so the length of the list is right.
            return self._texts_end(orig_offs + 12, count) - orig_offs, parts, [2] * count, types
        width = np.dtype(self.gguf_scalar_to_np[GGUFValueType(kind)]).itemsize
        return 12 + count * width, parts, [], types

    def _texts_end(self, start: int, count: int) -> int:
        unpack, data, at = struct.Struct("<Q").unpack_from, self.data, start
        for _ in range(count):
            at += 8 + unpack(data, at)[0]
        return at


@contextmanager
def fast_reading(watch: Callable[[Sequence[T]], Iterable[T]]) -> Iterator[None]:
    """Within it transformers reads GGUF files with `SkippingReader`; `watch` wraps the tensors it dequantises."""
    usual = gguf.GGUFReader, gguf.get_tensor_name_map, legacy.tqdm
    # transformers imports these by name in every call; the map of names is asked for once for each module.
    gguf.GGUFReader, gguf.get_tensor_name_map = SkippingReader, cache(gguf.get_tensor_name_map)
    # It draws a bar of its own around the tensors.
    legacy.tqdm = lambda items, **_: watch(items)
    try:
        yield
    finally:
        gguf.GGUFReader, gguf.get_tensor_name_map, legacy.tqdm = usual
