"""Streaming means of rows, in float64.

Means of disjoint sets merge exactly (Chan, Golub & LeVeque 1983), so batches, interrupted runs and several
hosts all give the same numbers as one pass over everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class RowMean:
    """The mean of `count` rows, per dimension."""

    count: int
    mean: Tensor

    @staticmethod
    def of(rows: Tensor) -> RowMean:
        # Converted before the mean is taken: long float32 sums lose digits.
        values = rows.detach().to("cpu", torch.float64)
        return RowMean(len(values), values.mean(0))

    def __add__(self, other: RowMean) -> RowMean:
        count = self.count + other.count
        # A weighted difference instead of sums: all terms stay as small as a mean, whatever the count.
        return RowMean(count, self.mean + (other.mean - self.mean) * (other.count / count))

    def state(self) -> Tensor:
        """[count, mean] as one float64 row, for exchange between hosts and for checkpoints."""
        return torch.cat([torch.tensor([float(self.count)], dtype=torch.float64), self.mean])

    @staticmethod
    def from_state(state: Tensor) -> RowMean:
        return RowMean(int(state[0]), state[1:])
