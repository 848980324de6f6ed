"""The assignment problem: pair rows with columns one to one so that the sum of the gains is largest.

Hungarian method (Kuhn 1955, Munkres 1957) in the O(n² m) form with potentials (Edmonds & Karp 1972): rows
are assigned one after the other along a cheapest augmenting path. Written out because scipy is not a
dependency.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]


def best_assignment(gains: ArrayLike) -> tuple[list[int], list[int]]:
    """(rows, their columns); where the matrix is not square, some of the longer side stay unassigned."""
    matrix = np.asarray(gains, np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"an assignment needs a matrix, not {matrix.ndim} dimensions")
    if matrix.shape[0] > matrix.shape[1]:
        columns, rows = best_assignment(matrix.T)
        order = np.argsort(rows)
        return [rows[place] for place in order], [columns[place] for place in order]
    return list(range(len(matrix))), _column_of_each_row(-matrix)


def _column_of_each_row(costs: Numbers) -> list[int]:
    """Column of every row. Index 0 of the work arrays means unassigned."""
    height, width = costs.shape
    of_row, of_column = np.zeros(height + 1), np.zeros(width + 1)
    owner = np.zeros(width + 1, dtype=np.int64)
    for row in range(1, height + 1):
        owner[0] = row
        came_from, end = _cheapest_path(costs, of_row, of_column, owner)
        while end:
            owner[end], end = owner[came_from[end]], int(came_from[end])
    columns = np.empty(height, dtype=np.int64)
    columns[owner[1:][owner[1:] > 0] - 1] = np.flatnonzero(owner[1:] > 0)
    return [int(column) for column in columns]


def _cheapest_path(
    costs: Numbers, of_row: Numbers, of_column: Numbers, owner: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """The cheapest augmenting path from the new row to a free column; updates both potentials."""
    width = costs.shape[1]
    nearest, came_from = np.full(width + 1, np.inf), np.zeros(width + 1, dtype=np.int64)
    seen, here = np.zeros(width + 1, dtype=bool), 0
    while owner[here]:
        seen[here] = True
        row = owner[here]
        reduced = costs[row - 1] - of_row[row] - of_column[1:]
        closer = ~seen[1:] & (reduced < nearest[1:])
        nearest[1:][closer], came_from[1:][closer] = reduced[closer], here
        there = int(np.where(seen, np.inf, nearest)[1:].argmin()) + 1
        step = nearest[there]
        of_row[owner[seen]] += step
        of_column[seen] -= step
        nearest[~seen] -= step
        here = there
    return came_from, here
