"""The leading singular direction of a set of rows, through the smaller of its two Gram matrices."""

from __future__ import annotations

import numpy as np

from vectors.methods.classes import Direction, Rows, States


def leading_direction(states: States) -> Direction:
    """Top right singular vector: the unit v that maximises Σ (rowᵢ · v)²."""
    if states.count >= states.width:
        vectors: Rows = np.linalg.eigh(states.gram())[1]
        return vectors[:, -1]
    rows = states.all_rows()
    # The rows, weighted by the left singular vector, add up to σ times the right one.
    weights = np.linalg.eigh(rows @ rows.T)[1][:, -1]
    direction: Direction = weights @ rows
    length = float(np.linalg.norm(direction))
    # All rows are zero: the caller recognises a direction of length 0.
    return direction / length if length else direction
