"""What every method is given: the states of both classes at one layer, in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
Direction = NDArray[np.float64]


@dataclass(frozen=True)
class Classes:
    """Row i of both belongs to pair i; `roles` names who spoke in each negative row, where that is known."""

    positive: Rows
    negative: Rows
    roles: tuple[str, ...] = ()

    @staticmethod
    def of(positive: Any, negative: Any, roles: Sequence[str] = ()) -> Classes:
        return Classes(np.asarray(positive, np.float64), np.asarray(negative, np.float64), tuple(roles))

    @property
    def differences(self) -> Rows:
        """D_i = a⁺_i − a⁻_i."""
        rows: Rows = self.positive - self.negative
        return rows

    def gap(self, direction: Direction) -> float:
        """Distance of the class means along a unit direction."""
        return float((self.positive.mean(0) - self.negative.mean(0)) @ direction)
