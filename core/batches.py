"""Prompts of many lengths as rectangular batches with little padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


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


def by_length(lengths: Sequence[int]) -> list[int]:
    """Indices, longest first: neighbours pad each other least, and a batch that is too big fails at once."""
    return sorted(range(len(lengths)), key=lambda i: -lengths[i])


def take(waiting: Sequence[int], lengths: Sequence[int], budget: int) -> list[int]:
    """The first of `waiting` (longest first) that fit the token budget once padded; one always does."""
    return list(waiting[: max(1, budget // lengths[waiting[0]])])


def pad(
    prompts: Sequence[Sequence[int]], indices: Sequence[int], device: torch.device, *, left: bool
) -> Batch:
    """One batch; the padding's token id is 0 and never matters."""
    rows = [prompts[i] for i in indices]
    width = max(map(len, rows))
    gaps = [width - len(row) if left else 0 for row in rows]
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for line, (row, gap) in enumerate(zip(rows, gaps, strict=True)):
        ids[line, gap : gap + len(row)] = torch.as_tensor(row)
        mask[line, gap : gap + len(row)] = 1
    return Batch(tuple(indices), ids.to(device), mask.to(device), torch.tensor(gaps))
