"""Groups prompts of different lengths into rectangular batches with little padding.

For bfloat16 on CPU, oneDNN keeps about a megabyte of compiled kernels for every new number of rows and never
frees them, whatever its cache capacity. There the padded lengths are rounded up to a few widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from core.model.model import Model

ON_CPU, ON_GPU = 512, 16384
"""Tokens of one batch: on a CPU large padded batches are slower than single prompts, on a GPU small ones leave it
idle. Fixed, because a measured size would differ from run to run, and with it the last bits of the rows."""
FINEST = 4
PER_OCTAVE = 16  # widths between n and 2n: 1 token of padding in 40 at a hundred tokens


@dataclass(frozen=True)
class Batch:
    """Some prompts by index, padded on the right to one width."""

    indices: tuple[int, ...]
    ids: Tensor
    mask: Tensor

    @property
    def tokens(self) -> int:
        """Number of tokens without the padding."""
        return int(self.mask.sum())


def batch_budget(model: Model, tokens: int | None = None) -> int:
    """Most tokens of one batch, padding included: as asked, else as the device likes."""
    return tokens or (ON_CPU if model.device.type == "cpu" else ON_GPU)


def padded_widths(model: Model, lengths: Sequence[int]) -> list[int]:
    """Minimum padded length per prompt: its own, or for bfloat16 on CPU the next of a few widths."""
    if model.device.type != "cpu" or model.dtype != torch.bfloat16:
        return list(lengths)
    # Padding must not take a prompt beyond the model's context.
    return [max(n, min(bucket_width(n), model.max_context)) for n in lengths]


def bucket_width(length: int) -> int:
    """The length rounded up to a multiple of 4; for longer prompts to one of 16 steps per power of two."""
    # The largest power of two up to the length, in sixteenths.
    step = max(FINEST, (1 << length.bit_length() - 1) // PER_OCTAVE)
    return -(-length // step) * step


def by_length(lengths: Sequence[int]) -> list[int]:
    """Indices, longest first: neighbours need little padding, and a batch that is too big fails at once."""
    return sorted(range(len(lengths)), key=lambda i: -lengths[i])


def take_batch(waiting: Sequence[int], widths: Sequence[int], budget: int) -> list[int]:
    """The first of `waiting` (widest first) that fit the token budget once padded; always at least one."""
    # The first is the widest, so its width is that of the whole batch.
    return list(waiting[: max(1, budget // widths[waiting[0]])])


def pad_batch(
    prompts: Sequence[Sequence[int]], indices: Sequence[int], width: int, device: torch.device
) -> Batch:
    """Build one batch; the padding's token id is 0 and does not affect results."""
    # Filled on the CPU and moved once: one transfer instead of one per row.
    ids = torch.zeros(len(indices), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for line, row in enumerate(prompts[i] for i in indices):
        ids[line, : len(row)] = torch.as_tensor(row)
        mask[line, : len(row)] = 1
    return Batch(tuple(indices), ids.to(device), mask.to(device))
