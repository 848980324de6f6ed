"""The input of every method: the states of both classes at one layer.

They may lie in a file that is larger than memory, so they are read as blocks of rows in float64, and a
method may keep only arrays of the model's size, never of the set's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows = NDArray[np.float64]
Direction = NDArray[np.float64]
BLOCK_BYTES = 8 << 20  # per block of float64 rows; a few blocks are in memory at once


@dataclass(frozen=True)
class States:
    """`count` rows of `width` numbers; `blocks()` can be iterated any number of times."""

    count: int
    width: int
    blocks: Callable[[], Iterable[Rows]]

    def mean(self) -> Direction:
        total = np.zeros(self.width)
        for rows in self.blocks():
            total += rows.sum(0)
        return total / self.count

    def projections(self, direction: Direction) -> NDArray[np.float64]:
        """The projection of every row on a direction."""
        return np.concatenate([rows @ direction for rows in self.blocks()])

    def gram(self) -> Rows:
        """Σ rowᵢᵀ rowᵢ, [width, width]."""
        total = np.zeros((self.width, self.width))
        for rows in self.blocks():
            total += rows.T @ rows
        return total

    def all_rows(self) -> Rows:
        """All rows in one array, for sets with fewer rows than the model's width."""
        return np.concatenate(list(self.blocks()))

    def standardized(self, middle: Direction, scale: float = 1.0) -> States:
        """The rows as (row − middle) / scale, computed block by block."""
        return States(self.count, self.width, lambda: ((rows - middle) / scale for rows in self.blocks()))


def array_states(source: ArrayLike, chosen: Sequence[int] | None = None) -> States:
    """The rows of an array, all or the chosen ones; read again on every pass."""
    array = np.asarray(source) if not isinstance(source, np.ndarray) else source
    which = np.arange(len(array)) if chosen is None else np.asarray(chosen, dtype=np.int64)
    # A limit in bytes: the wider the rows, the fewer of them make a block.
    step = max(1, BLOCK_BYTES // (8 * max(1, array.shape[1])))

    def blocks() -> Iterator[Rows]:
        for start in range(0, len(which), step):
            # Only this block is read and converted: the array may be a mapped file.
            yield array[which[start : start + step]].astype(np.float64)

    return States(len(which), array.shape[1], blocks)


@dataclass(frozen=True)
class Classes:
    """Both classes; row i of each belongs to pair i. `roles` names the role of each negative row, if
    known.
    """

    positive: States
    negative: States
    roles: tuple[str, ...] = ()

    @staticmethod
    def of(
        positive: ArrayLike,
        negative: ArrayLike,
        roles: Sequence[str] = (),
        chosen: Sequence[int] | None = None,
    ) -> Classes:
        return Classes(array_states(positive, chosen), array_states(negative, chosen), tuple(roles))

    @property
    def differences(self) -> States:
        """D_i = a⁺_i − a⁻_i."""

        def blocks() -> Iterator[Rows]:
            for one, other in zip(self.positive.blocks(), self.negative.blocks(), strict=True):
                yield one - other

        return States(self.positive.count, self.positive.width, blocks)

    @property
    def both(self) -> States:
        """The rows of the positive class, then those of the negative one."""

        def blocks() -> Iterator[Rows]:
            yield from self.positive.blocks()
            yield from self.negative.blocks()

        return States(2 * self.positive.count, self.positive.width, blocks)

    def gap(self, direction: Direction) -> float:
        """Distance of the class means along a unit direction."""
        return float((self.positive.mean() - self.negative.mean()) @ direction)
