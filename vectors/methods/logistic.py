"""Logistic probe: the w of P(positive | a) = σ(w·a + b), with an L2 penalty (Alain & Bengio 2016; Li et al. 2023).

Minimises Σ log(1 + exp(−yᵢ(w·xᵢ + b))) + ‖w‖²/2 over rows x, centred and scaled to mean length 1, by Newton's
method. w lies in the span of the rows, so the steps are taken in their singular basis: r × r systems, however
wide the model.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vectors.methods.classes import Classes, Direction, Rows

STEPS = 50
ENOUGH = 1e-10
PENALTY = 1.0


def logistic(classes: Classes) -> Direction:
    rows = np.concatenate([classes.positive, classes.negative])
    labels = np.repeat([1.0, -1.0], [len(classes.positive), len(classes.negative)])
    centred = rows - rows.mean(0)
    length = float(np.sqrt((centred**2).sum(1).mean()))
    if length == 0:
        return np.zeros(rows.shape[1])
    left, values, right = np.linalg.svd(centred / length, full_matrices=False)
    weights = newton(left * values, labels)
    direction: Direction = weights[:-1] @ right
    return direction


def newton(rows: Rows, labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """[w, b] at the minimum; the penalty keeps it finite even where a plane separates the classes."""
    inputs = np.column_stack([rows, np.ones(len(rows))])
    penalty = np.full(inputs.shape[1], PENALTY)
    penalty[-1] = 1e-9  # the offset is free, but for the digits that keep the system regular
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        slope = gradient(inputs, labels, weights, penalty)
        chance = sigmoid(inputs @ weights)
        curvature = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        weights = weights - _shortened(inputs, labels, weights, penalty, step)
        if np.linalg.norm(step) < ENOUGH:
            break
    return weights


def gradient(
    inputs: Rows, labels: NDArray[np.float64], weights: NDArray[np.float64], penalty: NDArray[np.float64]
) -> NDArray[np.float64]:
    slope: NDArray[np.float64] = penalty * weights - inputs.T @ (
        labels * sigmoid(-labels * (inputs @ weights))
    )
    return slope


def loss(
    inputs: Rows, labels: NDArray[np.float64], weights: NDArray[np.float64], penalty: NDArray[np.float64]
) -> float:
    return float(np.logaddexp(0, -labels * (inputs @ weights)).sum() + (penalty * weights**2).sum() / 2)


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.exp(-np.logaddexp(0, -values))
    return shares


def _shortened(
    inputs: Rows,
    labels: NDArray[np.float64],
    weights: NDArray[np.float64],
    penalty: NDArray[np.float64],
    step: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Half the step until the loss falls: far from the minimum a full one can overshoot."""
    here = loss(inputs, labels, weights, penalty)
    for _ in range(20):
        if loss(inputs, labels, weights - step, penalty) <= here:
            break
        step = step / 2
    return step
