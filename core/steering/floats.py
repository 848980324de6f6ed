"""Steers one token of one lane in Python floats: on a CPU, calling an array library for K numbers is slower.

The stages are those of `core.steering.algebra`. Values that do not depend on the token are computed beforehand, and
only columns with a gain and projections with a bound are visited.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.steering import caps
from core.steering.algebra import TINY, SteeringProgram

Floats = list[float]
Sparse = list[tuple[int, float]]


@dataclass(frozen=True)
class FloatProgram:
    """A steering program in Python floats.

    `gain` holds (i, the non-zero mᵢⱼ); `capped_columns` holds, per capped j, the constant and the
    coefficients of qⱼ in p.
    """

    add: Floats
    gain: list[tuple[int, Sparse]]
    gram: list[Floats]
    keep_norm: bool
    capped_rows: list[int]
    capped_columns: list[tuple[float, Sparse]]
    capped_gram: list[Floats]
    floor: Floats
    ceiling: Floats

    @classmethod
    def from_program(cls, program: SteeringProgram[NDArray[np.float64]]) -> FloatProgram:
        """Build from the arrays of one lane."""
        gram, size = program.gram, len(program.gram)
        add = np.zeros(size) if program.add is None else program.add
        gain = np.zeros((size, size)) if program.gain is None else program.gain
        low = np.full(size, -np.inf) if program.floor is None else program.floor
        high = np.full(size, np.inf) if program.ceiling is None else program.ceiling
        # A projection without a bound never binds, so the cap solver need not see it.
        capped = np.flatnonzero(np.isfinite(low) | np.isfinite(high))
        # With c = pM + a, q = p + cG = p(1 + MG) + aG is linear in p.
        through, plus = np.eye(size) + gain @ gram, add @ gram
        return cls(
            add=add.tolist(),
            gain=[(i, _sparse(row)) for i, row in enumerate(gain) if row.any()],
            gram=gram.tolist(),
            keep_norm=program.keep_norm is not None and bool(program.keep_norm.all()),
            capped_rows=capped.tolist(),
            capped_columns=[(float(plus[j]), _sparse(through[:, j])) for j in capped],
            capped_gram=gram[np.ix_(capped, capped)].tolist(),
            floor=low[capped].tolist(),
            ceiling=high[capped].tolist(),
        )

    def steer(self, p: Floats, norm2: float) -> tuple[float, Floats]:
        """(s, w) of h' = s·h + w V for the projections p; norm2 = ‖h‖² is read by the norm stage only."""
        w, s = self.add.copy(), 1.0
        for i, row in self.gain:
            x = p[i]
            for j, m in row:
                w[j] += x * m
        if self.keep_norm:
            s = self._norm_factor(p, w, norm2)
            w = [s * x for x in w]
        if self.capped_rows:
            # Only capped projections are computed: the correction depends on no others.
            q = [s * (plus + sum([p[i] * x for i, x in column])) for plus, column in self.capped_columns]
            e = caps.correct_floats(q, self.capped_gram, self.floor, self.ceiling)
            for j, x in zip(self.capped_rows, e, strict=True):
                w[j] += x
        return s, w

    def _norm_factor(self, p: Floats, c: Floats, norm2: float) -> float:
        """s = ‖h‖ / ‖h + cV‖, with ‖h + cV‖² = ‖h‖² + c·(2p + cG)."""
        pushed = [sum([x * line[j] for x, line in zip(c, self.gram, strict=True)]) for j in range(len(c))]
        grown = norm2 + sum([x * (2.0 * y + z) for x, y, z in zip(c, p, pushed, strict=True)])
        return (norm2 / max(grown, TINY)) ** 0.5


def _sparse(row: NDArray[np.float64]) -> Sparse:
    return [(int(j), float(row[j])) for j in np.flatnonzero(row)]
