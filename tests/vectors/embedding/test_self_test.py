"""The self-test of embeddings: its figure against a naive count, planted and null rows, and what words alone reach."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from vectors.embedding.fixture import EmbeddingFixture, TextPairs, read_fixture
from vectors.embedding.self_test import LOWEST, SelfTest, grade_embedding, paraphrase_auroc

FIXTURE = read_fixture()
WIDTH = 64


def naive_auroc(one: np.ndarray, other: np.ndarray) -> float:
    """Every matched pair against every unmatched one, counted one by one, a tie as one half."""

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        product, lengths = sum(x * y for x, y in zip(a, b, strict=True)), 1.0
        for row in (a, b):
            lengths *= sum(x * x for x in row) ** 0.5
        return float(product / lengths)

    matched = [cosine(a, b) for a, b in zip(one, other, strict=True)]
    unmatched = [cosine(a, b) for i, a in enumerate(one) for j, b in enumerate(other) if i != j]
    wins = sum(1.0 if m > u else 0.5 if m == u else 0.0 for m in matched for u in unmatched)
    return wins / (len(matched) * len(unmatched))


@pytest.mark.parametrize("noise", [0.0, 0.5, 2.0, 50.0])
def test_the_figure_is_that_of_a_naive_count(noise: float) -> None:
    chance = np.random.default_rng(7)
    one = chance.standard_normal((9, 5))
    other = one + noise * chance.standard_normal((9, 5))
    assert paraphrase_auroc(one, other) == pytest.approx(naive_auroc(one, other), abs=1e-12)


def test_ties_count_half() -> None:
    same = np.ones((4, 3))
    assert paraphrase_auroc(same, same) == 0.5


def rows_for(fixture: EmbeddingFixture, signal: float, seed: int) -> dict[str, np.ndarray]:
    """A row per sentence; the two of a paraphrase share a direction as far as `signal` goes."""
    chance = np.random.default_rng(seed)
    rows = {text: chance.standard_normal(WIDTH) for text in fixture.texts}
    for pairs in fixture.halves:
        for one, other in pairs:
            rows[other] = rows[other] + signal * rows[one]
    return rows


def test_planted_meaning_passes_and_none_is_refused() -> None:
    planted = grade_embedding(FIXTURE, rows_for(FIXTURE, 3.0, 0))
    assert planted.passed
    assert min(planted.halves) > 0.99
    assert planted.hard > 0.95, "the hard pairs share nothing here"
    for seed in range(10):
        nothing = grade_embedding(FIXTURE, rows_for(FIXTURE, 0.0, seed))
        assert not nothing.passed
        assert 0.35 <= nothing.auroc <= 0.65


def test_hard_pairs_that_look_alike_are_seen() -> None:
    rows = rows_for(FIXTURE, 3.0, 1)
    for one, other in FIXTURE.hard:
        rows[other] = rows[one]
    found = grade_embedding(FIXTURE, rows)
    assert found.hard < 0.2
    assert found.passed, "the hard pairs do not decide"


def test_other_partners_are_chance() -> None:
    """A good embedding whose pairs are put together by lot."""
    rows = rows_for(FIXTURE, 3.0, 2)
    for pairs in FIXTURE.halves:
        one, other = (np.array([rows[pair[side]] for pair in pairs]) for side in (0, 1))
        assert paraphrase_auroc(one, other) > 0.99
        low, middle, high = shuffled_aurocs(one, other)
        assert 0.35 <= low < middle < high <= 0.65
        assert middle == pytest.approx(0.5, abs=0.03)


def shuffled_aurocs(one: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """The median of 1,000 pairings by lot, between the bounds of 95 % of them."""
    chance = np.random.default_rng(0)
    found = [paraphrase_auroc(one, other[chance.permutation(len(other))]) for _ in range(1000)]
    low, middle, high = np.percentile(found, (2.5, 50, 97.5))
    return float(low), float(middle), float(high)


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("analyzer", ["word", "char"])
def test_shared_words_and_letters_do_not_find_the_pairs(half: int, analyzer: str) -> None:
    one, other = zip(*FIXTURE.halves[half], strict=True)
    letters = {"analyzer": "char_wb", "ngram_range": (3, 4)} if analyzer == "char" else {}
    counted = TfidfVectorizer(**letters).fit([*one, *other])
    rows = [counted.transform(side).toarray() for side in (one, other)]
    assert paraphrase_auroc(*rows) <= 0.60


def test_the_fixture_is_what_its_figures_were_measured_on() -> None:
    assert [len(pairs) for pairs in FIXTURE.halves] == [20, 20]
    assert (len(FIXTURE.hard), len(FIXTURE.reference)) == (20, 60)
    paired: TextPairs = (*FIXTURE.halves[0], *FIXTURE.halves[1], *FIXTURE.hard)
    assert not {text for pair in paired for text in pair} & set(FIXTURE.reference)
    assert FIXTURE.sha256.startswith("3cf07719ad94")


def test_the_bar() -> None:
    assert not SelfTest(LOWEST - 1e-9, (), 0.5).passed
    assert SelfTest(LOWEST, (), 0.5).passed
