"""The leading direction of a set of rows, through the smaller of its two Gram matrices."""

from __future__ import annotations

import numpy as np

from vectors.methods.classes import Direction, Rows


def leading(rows: Rows) -> Direction:
    """Top right singular vector: the unit v that maximises Σ (rowᵢ · v)²."""
    if len(rows) >= rows.shape[1]:
        vectors: Rows = np.linalg.eigh(rows.T @ rows)[1]
        return vectors[:, -1]
    weights = np.linalg.eigh(rows @ rows.T)[1][:, -1]
    direction: Direction = weights @ rows
    length = float(np.linalg.norm(direction))
    return direction / length if length else direction
