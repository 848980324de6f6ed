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
        # Every row gets a column, so there have to be at least as many columns as rows.
        columns, rows = best_assignment(matrix.T)
        order = np.argsort(rows)
        return [rows[index] for index in order], [columns[index] for index in order]
    # The largest sum of gains is the smallest sum of costs.
    return list(range(len(matrix))), _column_of_each_row(-matrix)


def _column_of_each_row(costs: Numbers) -> list[int]:
    """Column of every row. Index 0 of the work arrays means unassigned."""
    height, width = costs.shape
    row_potentials, column_potentials = np.zeros(height + 1), np.zeros(width + 1)
    owner = np.zeros(width + 1, dtype=np.int64)
    for row in range(1, height + 1):
        # Column 0 does not exist: it holds the new row, so that a search can begin at it.
        owner[0] = row
        came_from, end = _cheapest_path(costs, row_potentials, column_potentials, owner)
        # Back along the path: each column passes to the row it was reached from, the first to the new row.
        while end:
            owner[end], end = owner[came_from[end]], int(came_from[end])
    # `owner` is by column and both counts begin at 1; the result is by row and begins at 0.
    columns = np.empty(height, dtype=np.int64)
    columns[owner[1:][owner[1:] > 0] - 1] = np.flatnonzero(owner[1:] > 0)
    return [int(column) for column in columns]


def _cheapest_path(
    costs: Numbers, row_potentials: Numbers, column_potentials: Numbers, owner: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """The cheapest augmenting path from the new row to a free column; updates both potentials."""
    width = costs.shape[1]
    nearest, came_from = np.full(width + 1, np.inf), np.zeros(width + 1, dtype=np.int64)
    seen, column = np.zeros(width + 1, dtype=bool), 0
    # Dijkstra's algorithm on costs minus potentials, which are never negative.
    while owner[column]:
        seen[column] = True
        row = owner[column]
        reduced = costs[row - 1] - row_potentials[row] - column_potentials[1:]
        closer = ~seen[1:] & (reduced < nearest[1:])
        nearest[1:][closer], came_from[1:][closer] = reduced[closer], column
        next_column = int(np.where(seen, np.inf, nearest)[1:].argmin()) + 1
        step = nearest[next_column]
        # Keeps the reduced costs of the tree at 0 and all others at 0 or more.
        row_potentials[owner[seen]] += step
        column_potentials[seen] -= step
        nearest[~seen] -= step
        column = next_column
    return came_from, column
