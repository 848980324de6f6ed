"""Whether an embedding knows paraphrases: the test that stands before every use of a model's own embedding.

The area under the ROC curve of the cosines of pairs that mean the same over those of all other sentences, with one
side of every pair against the other. 0.5 is chance; word overlap (tf-idf) has .45 and .48 on the two halves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.json_values import JsonValue
from vectors.embedding.fixture import EmbeddingFixture, TextPairs
from vectors.embedding.one_word import Rows
from vectors.statistics.metrics import area_under_roc, unit_rows

LOWEST = 0.80
"""Below it an embedding is refused. Chance is .39 to .61 (95 %, permuted pairs), SmolLM2 has .98."""


@dataclass(frozen=True)
class SelfTest:
    """`auroc` over all pairs, `halves` over each half by itself; `hard` is how far paraphrases stand above sentences
    of one frame and other meaning, and below 0.5 these look more alike than paraphrases.
    """

    auroc: float
    halves: tuple[float, ...]
    hard: float

    @property
    def passed(self) -> bool:
        return self.auroc >= LOWEST

    def to_json(self) -> dict[str, JsonValue]:
        return {"auroc": self.auroc, "halves": list(self.halves), "hard": self.hard}


def grade_embedding(fixture: EmbeddingFixture, rows: Mapping[str, Rows]) -> SelfTest:
    """The self-test with the pairs of a fixture, given a row for each of their sentences."""
    halves = [_sides(pairs, rows) for pairs in fixture.halves]
    one, other = (np.concatenate(sides) for sides in zip(*halves, strict=True))
    alike, framed = np.diag(pair_cosines(one, other)), np.diag(pair_cosines(*_sides(fixture.hard, rows)))
    each = tuple(paraphrase_auroc(*sides) for sides in halves)
    return SelfTest(paraphrase_auroc(one, other), each, area_under_roc(alike, framed))


def _sides(pairs: TextPairs, rows: Mapping[str, Rows]) -> tuple[Rows, Rows]:
    """The rows of the first texts of some pairs, and those of the second."""
    return np.array([rows[one] for one, _ in pairs]), np.array([rows[other] for _, other in pairs])


def paraphrase_auroc(one: Rows, other: Rows) -> float:
    """AUROC of row i against row i over row i against every other row."""
    cosines = pair_cosines(one, other)
    matched = np.eye(len(cosines), dtype=bool)
    return area_under_roc(cosines[matched], cosines[~matched])


def pair_cosines(one: Rows, other: Rows) -> Rows:
    """[n, m]: the cosine of every row with every other row."""
    cosines: Rows = unit_rows(one) @ unit_rows(other).T
    return cosines
