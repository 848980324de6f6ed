"""Prompts of many lengths as rectangular batches with little padding.

A bfloat16 product on a CPU leaves about a megabyte behind for every number of rows it was ever given: oneDNN compiles
kernels for each and never frees them, whatever the capacity of its cache. So there batches come in few widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from core.model import Model

FINEST = 4
PER_OCTAVE = 16  # widths between n and 2n: 1 token of padding in 40 at a hundred tokens


@dataclass(frozen=True)
class Batch:
    """Some prompts by index, padded to the longest; `starts` says where each row's own tokens begin."""

    indices: tuple[int, ...]
    ids: Tensor
    mask: Tensor
    starts: Tensor

    @property
    def tokens(self) -> int:
        """Without the padding."""
        return int(self.mask.sum())

    def inputs(self, accepts_positions: bool) -> dict[str, Any]:
        """What the forward pass needs so that padding changes nothing.

        On the right it needs no mask (a full one says so): a causal model's tokens never look there. On the
        left it needs the mask, and positions that begin at each row's own first token.
        """
        if not self.starts.any():
            return {"input_ids": self.ids, "attention_mask": torch.ones_like(self.mask)}
        left: dict[str, Any] = {"input_ids": self.ids, "attention_mask": self.mask}
        if accepts_positions:
            left["position_ids"] = (self.mask.cumsum(1) - 1).clamp(min=0)
        return left


def rooms(model: Model, lengths: Sequence[int]) -> list[int]:
    """How wide each prompt's batch is at least: its length, or the next of a few widths where each one costs memory."""
    if model.device.type != "cpu" or model.dtype != torch.bfloat16:
        return list(lengths)
    return [max(n, min(wider(n), model.max_context)) for n in lengths]


def wider(length: int) -> int:
    """The next multiple of 4; of longer prompts the next of sixteen steps to the octave."""
    step = max(FINEST, (1 << length.bit_length() - 1) // PER_OCTAVE)
    return -(-length // step) * step


def by_length(lengths: Sequence[int]) -> list[int]:
    """Indices, longest first: neighbours pad each other least, and a batch that is too big fails at once."""
    return sorted(range(len(lengths)), key=lambda i: -lengths[i])


def take(waiting: Sequence[int], widths: Sequence[int], budget: int) -> list[int]:
    """The first of `waiting` (widest first) that fit the token budget once padded; one always does."""
    return list(waiting[: max(1, budget // widths[waiting[0]])])


def pad(
    prompts: Sequence[Sequence[int]], indices: Sequence[int], width: int, device: torch.device, *, left: bool
) -> Batch:
    """One batch; the padding's token id is 0 and never matters."""
    rows = [prompts[i] for i in indices]
    gaps = [width - len(row) if left else 0 for row in rows]
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for line, (row, gap) in enumerate(zip(rows, gaps, strict=True)):
        ids[line, gap : gap + len(row)] = torch.as_tensor(row)
        mask[line, gap : gap + len(row)] = 1
    return Batch(tuple(indices), ids.to(device), mask.to(device), torch.tensor(gaps))
