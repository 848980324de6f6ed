"""ΔW = W_tuned − W_base of one matrix, streamed in slices of rows; every pass reads the files again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from vectors.diff.checkpoint import MappedTensor

SLICE_BYTES = 8 << 20  # of float32 rows: a few of these at once stay far below a model's size
HELD_BYTES = 64 << 20  # a matrix up to this size is kept between passes


@dataclass
class WeightChange:
    """`rows` pairs rows of base and tuned by token where vocabularies differ; None means all rows."""

    base: MappedTensor
    tuned: MappedTensor
    rows: tuple[Sequence[int], Sequence[int]] | None = None
    bytes_read: int = 0
    _kept_delta: Tensor | None = field(default=None, repr=False)
    _kept_rows: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        height = len(self.rows[0]) if self.rows else self.base.tensor.shape[0]
        return height, self.base.tensor.shape[1:].numel()

    def row_slices(self) -> Iterator[tuple[int, Tensor, Tensor]]:
        """(first row, base rows, tuned rows) in float32, slice by slice."""
        height, width = self.shape
        # At least one row: a single row of a very wide matrix may exceed the limit.
        step = max(1, SLICE_BYTES // (4 * width))
        for start in range(0, height, step):
            stop = min(height, start + step)
            yield start, self._slice(self.base, 0, start, stop), self._slice(self.tuned, 1, start, stop)
            self.bytes_read += (stop - start) * (self.base.row_bytes + self.tuned.row_bytes)

    def keep_rows(self, start: int, rows: Tensor) -> None:
        """Keep these rows of ΔW in memory for later passes if the whole matrix is small enough."""
        height, width = self.shape
        if 4 * height * width <= HELD_BYTES:
            if self._kept_delta is None:
                self._kept_delta = torch.empty(height, width)
            self._kept_delta[start : start + len(rows)] = rows
            self._kept_rows = start + len(rows)

    def change_slices(self) -> Iterator[tuple[int, Tensor]]:
        """(first row, rows of ΔW); a matrix kept in memory is not read again."""
        height = self.shape[0]
        # A pass that stopped early has filled only a part of the buffer.
        if self._kept_delta is not None and self._kept_rows == height:
            yield 0, self._kept_delta
            return
        for start, base, tuned in self.row_slices():
            yield start, tuned - base

    def drop_rows(self) -> None:
        self._kept_delta, self._kept_rows = None, 0

    def multiply(self, right: Tensor) -> Tensor:
        """ΔW @ right, [rows, k]."""
        return torch.cat([rows @ right for _, rows in self.change_slices()])

    def multiply_transposed(self, left: Tensor) -> Tensor:
        """ΔWᵀ @ left, [columns, k], summed in float64."""
        total = torch.zeros(self.shape[1], left.shape[1], dtype=torch.float64)
        for start, rows in self.change_slices():
            total += (rows.T @ left[start : start + len(rows)].to(rows.dtype)).double()
        return total

    def _slice(self, weights: MappedTensor, side: int, start: int, stop: int) -> Tensor:
        tensor = weights.tensor
        # Selecting by a list copies these rows only; the rest of the file stays unread.
        rows = tensor[start:stop] if self.rows is None else tensor[list(self.rows[side][start:stop])]
        return rows.reshape(stop - start, -1).float()
