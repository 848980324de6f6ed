"""One layer of a vector: the raw row, and the direction and the norm that follow from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vectors import limits
from vectors.errors import VectorFileError

if TYPE_CHECKING:
    from torch import Tensor

Row = NDArray[np.float32]
Numbers: TypeAlias = "ArrayLike | Tensor"
UNIT_TOLERANCE = 5e-7


@dataclass(frozen=True, eq=False)
class LayerRow:
    """A raw float32 row, read-only.

    `stated` is the direction and norm that a file or a multiplication gave apart from the row. Rounding makes
    them differ from the row's own in the last bit, and the content hash is of these bits.
    """

    raw: Row
    stated: tuple[Row, float] | None = None

    def __post_init__(self) -> None:
        # The direction and the hash are computed from it once and cached.
        self.raw.flags.writeable = False

    @classmethod
    def from_unit(cls, unit: Row, norm: float) -> LayerRow:
        return cls(join_norm(unit, norm), (unit, norm))

    @cached_property
    def unit_and_norm(self) -> tuple[Row, float]:
        unit, norm = split_norm(self.raw) if self.stated is None else self.stated
        unit.flags.writeable = False
        return unit, norm

    @property
    def unit(self) -> Row:
        return self.unit_and_norm[0]

    @property
    def norm(self) -> float:
        return self.unit_and_norm[1]

    def scale(self, factor: float) -> LayerRow:
        """The row times a positive number: the direction keeps its bits."""
        return LayerRow.from_unit(self.unit, self.norm * factor)

    def negate(self) -> LayerRow:
        return LayerRow(-self.raw, None if self.stated is None else (-self.unit, self.norm))


def row_norm(row: Row) -> float:
    """‖row‖, the same on every machine: float32 squares are exact in float64 and `fsum` adds them exactly."""
    return math.sqrt(math.fsum(np.square(row.astype(np.float64)).tolist()))


def split_norm(row: Row) -> tuple[Row, float]:
    """A raw row as unit direction and norm; a row that is already unit keeps its bits and has norm 1."""
    norm = row_norm(row)
    # Dividing a unit row by its norm would change last bits, and with them the content hash.
    if abs(norm - 1.0) <= UNIT_TOLERANCE:
        return row, 1.0
    return (row.astype(np.float64) / norm).astype(np.float32), norm


def join_norm(unit: Row, norm: float) -> Row:
    """The row of a direction and its norm, rounded once; a norm beyond float32 gives inf."""
    with np.errstate(over="ignore"):
        return unit if norm == 1.0 else (unit.astype(np.float64) * norm).astype(np.float32)


def float32_row(row: Numbers) -> Row:
    """A new float32 array from an array, a tensor or a list of numbers."""
    if hasattr(row, "detach"):  # a tensor, known without importing torch
        row = row.detach().cpu().float().numpy()
    # Always a copy: the row is made read-only, and the caller's array stays writeable.
    return np.array(row, dtype=np.float32)


def raw_rows(rows: Mapping[int, Row]) -> dict[int, LayerRow]:
    """Raw rows, checked and sorted by layer; an invalid row raises an error that names its layer."""
    made = {layer: LayerRow(require_direction(layer, rows[layer])) for layer in sorted(rows)}
    return require_one_width(made)


def unit_rows(rows: Mapping[int, Row], norms: Mapping[int, float]) -> dict[int, LayerRow]:
    """Directions and their norms (1 where none is given); a row that is not unit is normalized."""
    made = {
        layer: LayerRow.from_unit(
            split_norm(require_direction(layer, rows[layer]))[0], float(norms.get(layer, 1.0))
        )
        for layer in sorted(rows)
    }
    return require_one_width(made)


def require_one_width(rows: dict[int, LayerRow]) -> dict[int, LayerRow]:
    if not rows:
        raise VectorFileError("no layers in it")
    first = next(iter(rows))
    width = rows[first].raw.size
    for layer, row in rows.items():
        if row.raw.size != width:
            raise VectorFileError(f"layer {layer} has {row.raw.size} dimensions, layer {first} has {width}")
    return rows


def require_direction(layer: int, row: Row) -> Row:
    """Return the row if it is float32, one-dimensional, finite and not zero; raise otherwise."""
    if row.dtype != np.float32 or row.ndim != 1:
        raise VectorFileError(f"layer {layer} is not a float32 row")
    if row.size == 0:
        raise VectorFileError(f"layer {layer} is empty")
    if row.size > limits.WIDTH:
        raise VectorFileError(
            f"layer {layer} has {limits.format_count(row.size)} dimensions, limit {limits.WIDTH:,}"
        )
    if broken := int(np.count_nonzero(~np.isfinite(row))):
        raise VectorFileError(f"layer {layer}: {broken} non-finite values")
    if not row.any():
        raise VectorFileError(f"layer {layer} has norm 0")
    return row


def extreme_norm_warnings(norms: Mapping[int, float]) -> tuple[str, ...]:
    """Warnings for norms outside the range that activations have."""
    odd = {layer: norm for layer, norm in norms.items() if not 1e-6 < norm < limits.FP16_LARGEST}
    return tuple(f"layer {layer} has an extreme norm: {norm:.3g}" for layer, norm in odd.items())
