"""Logistic probe: the w of P(positive | a) = σ(w·a + b), with an L2 penalty (Alain & Bengio 2016; Li et al. 2023).

Minimises Σ log(1 + exp(−yᵢ(w·xᵢ + b))) + ‖w‖²/2 over rows x, centred and scaled to mean length 1, by Newton's
method. With fewer rows than dimensions w lies in their span, and the steps are taken in its singular basis; with
more, every step is a pass over the rows, whose sums have the size of the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectors.methods.classes import Classes, Direction, Rows, States

STEPS = 50
ENOUGH = 1e-10
PENALTY = 1.0
Weights = NDArray[np.float64]


def logistic_direction(classes: Classes) -> Direction:
    middle = classes.both.mean()
    squares = sum(float(((rows - middle) ** 2).sum()) for rows in classes.both.blocks())
    if squares == 0:
        return np.zeros(classes.both.width)
    # Scaled, because the same penalty would weigh less on a model with long states.
    rows = classes.both.standardized(middle, float(np.sqrt(squares / classes.both.count)))
    labels = np.repeat([1.0, -1.0], classes.positive.count)
    if rows.count > rows.width:
        return minimize_loss(LogisticLoss(rows, labels))[:-1]
    # The penalty keeps w in the span of the rows, so it is found in their singular basis.
    left, values, right = np.linalg.svd(rows.all_rows(), full_matrices=False)
    # One block: there are at most as many rows as dimensions.
    inside = States(rows.count, len(values), lambda: [left * values])
    direction: Direction = minimize_loss(LogisticLoss(inside, labels))[:-1] @ right
    return direction


@dataclass(frozen=True)
class LogisticLoss:
    """The loss over all rows with an intercept column, its gradient and its Hessian, each as one pass."""

    rows: States
    labels: NDArray[np.float64]

    @property
    def penalty(self) -> Weights:
        """L2 weights; the intercept's is tiny, only to keep the system regular."""
        return np.append(np.full(self.rows.width, PENALTY), 1e-9)

    def blocks(self) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        start = 0
        for rows in self.rows.blocks():
            yield np.column_stack([rows, np.ones(len(rows))]), self.labels[start : start + len(rows)]
            start += len(rows)

    def loss(self, weights: Weights) -> float:
        total = sum(
            float(np.logaddexp(0, -labels * (rows @ weights)).sum()) for rows, labels in self.blocks()
        )
        return total + float((self.penalty * weights**2).sum()) / 2

    def derivatives(self, weights: Weights) -> tuple[Weights, Rows]:
        """(gradient, Hessian)."""
        gradient, curvature = self.penalty * weights, np.diag(self.penalty)
        for rows, labels in self.blocks():
            probability = logistic_sigmoid(rows @ weights)
            gradient = gradient - rows.T @ (labels * logistic_sigmoid(-labels * (rows @ weights)))
            # σ' = σ (1 − σ) weights the outer product of each row.
            curvature = curvature + (rows * (probability * (1 - probability))[:, None]).T @ rows
        return gradient, curvature


def minimize_loss(problem: LogisticLoss) -> Weights:
    """[w, b] at the minimum; the penalty keeps it finite even if the classes are separable."""
    weights = np.zeros(problem.rows.width + 1)
    for _ in range(STEPS):
        gradient, curvature = problem.derivatives(weights)
        step = np.linalg.solve(curvature, gradient).astype(np.float64, copy=False)
        weights = weights - _halve_until_lower(problem, weights, step)
        if np.linalg.norm(step) < ENOUGH:
            break
    return weights


def logistic_sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    # logaddexp does not overflow where exp(−value) does.
    shares: NDArray[np.float64] = np.exp(-np.logaddexp(0, -values))
    return shares


def _halve_until_lower(problem: LogisticLoss, weights: Weights, step: Weights) -> Weights:
    """Halve the step until the loss falls: far from the minimum a full Newton step can overshoot."""
    before = problem.loss(weights)
    for _ in range(20):
        if problem.loss(weights - step) <= before:
            break
        step = step / 2
    return step
