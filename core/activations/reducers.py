"""Streaming means and variances of rows, in float64.

Moments of disjoint sets merge exactly (Chan, Golub & LeVeque 1983), so batches, interrupted runs and several
hosts all give the same numbers as one pass over everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and `m2`, the sum of squared deviations from the mean, per dimension."""

    count: int
    mean: Tensor
    m2: Tensor

    @staticmethod
    def of(rows: Tensor) -> Moments:
        values = rows.detach().to("cpu", torch.float64)
        mean = values.mean(0)
        return Moments(len(values), mean, (values - mean).square().sum(0))

    def __add__(self, other: Moments) -> Moments:
        count = self.count + other.count
        delta = other.mean - self.mean
        mean = self.mean + delta * (other.count / count)
        m2 = self.m2 + other.m2 + delta.square() * (self.count * other.count / count)
        return Moments(count, mean, m2)

    def variance(self, ddof: int = 0) -> Tensor:
        return self.m2 / (self.count - ddof)

    def state(self) -> Tensor:
        """[count, mean, m2] as one float64 row, for exchange between hosts and for checkpoints."""
        return torch.cat([torch.tensor([float(self.count)], dtype=torch.float64), self.mean, self.m2])

    @staticmethod
    def from_state(state: Tensor) -> Moments:
        mean, m2 = state[1:].chunk(2)
        return Moments(int(state[0]), mean, m2)
