"""The linearity score of steer-clear: does a direction express the themes of the fine-tuning it comes from?

Both are described by themes, one sentence each, and the sentences are embedded. C_ij is the cosine of
theme i of one with theme j of the other, π the assignment with the largest sum, and the score Σ C_{i,π(i)}
/ n for the n themes of the first. Identical sets score 1. Similar sentences make chance far higher than 0,
so a score is only meaningful beside those of mismatched sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import UsageError
from core.json_values import JsonValue
from vectors.statistics.assignment import best_assignment
from vectors.statistics.metrics import unit_rows

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Linearity:
    """`partners[i]` is the theme of the other set assigned to theme i, None where that set had too few."""

    score: float
    cosines: Rows
    partners: tuple[int | None, ...]

    @property
    def extremes(self) -> tuple[float, float]:
        """The lowest and the highest cosine of any two themes."""
        return float(self.cosines.min()), float(self.cosines.max())


@dataclass(frozen=True)
class RankedRun:
    """One run and its null: the scores of its first set with the second sets of other runs."""

    name: str
    linearity: Linearity
    null: tuple[float, ...]

    @property
    def p(self) -> float:
        """Share of scores at least this high among the mismatched ones and this one."""
        # The run itself is one of those that reach its score: p is never 0.
        return (1 + sum(score >= self.linearity.score for score in self.null)) / (len(self.null) + 1)

    def to_json(self) -> dict[str, JsonValue]:
        low, high = self.linearity.extremes
        null = {"mean": float(np.mean(self.null)), "highest": max(self.null)} if self.null else None
        p = self.p if self.null else None
        return {"score": self.linearity.score, "lowest": low, "highest": high, "null": null, "p": p}


def compare_themes(one: ArrayLike, other: ArrayLike) -> Linearity:
    """Score two sets of embeddings, a row per theme; a missing theme is a zero row and matches nothing."""
    ours, theirs = (_unit_themes(rows) for rows in (one, other))
    if ours.shape[1] != theirs.shape[1]:
        raise UsageError(f"themes of width {ours.shape[1]} and {theirs.shape[1]} come from two embeddings")
    cosines = ours @ theirs.T
    rows, columns = best_assignment(cosines)
    partners: list[int | None] = [None] * len(ours)
    for row, column in zip(rows, columns, strict=True):
        partners[row] = column
    return Linearity(float(cosines[rows, columns].sum()) / len(ours), cosines, tuple(partners))


def rank_runs(runs: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> list[RankedRun]:
    """All runs by score, highest first, each with the scores of mismatched pairs as its null."""
    ranked = []
    for name, (one, other) in runs.items():
        null = [compare_themes(one, theirs).score for key, (_, theirs) in runs.items() if key != name]
        ranked.append(RankedRun(name, compare_themes(one, other), tuple(null)))
    return sorted(ranked, key=lambda run: -run.linearity.score)


def _unit_themes(rows: ArrayLike) -> Rows:
    matrix = np.asarray(rows, np.float64)
    if matrix.ndim != 2 or not len(matrix):
        raise UsageError("themes have to be rows of numbers, at least one")
    return unit_rows(matrix)
